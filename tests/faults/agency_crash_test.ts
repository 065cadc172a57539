import type { ForkableRandom } from "../support/seeded.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { type MadeFile, makeFile, randomRows } from "./made_bets.ts";
import { testFault, times } from "./plan.ts";
import { assertStoredOnce } from "./guarantee.ts";
import { killAgency, runAgency } from "./sending_agency.ts";

const AGENCIES = [1, 2, 3, 4, 5];
/** Kills of each agency. */
const KILLS = times(2, 20);
const CENTRAL_KILLS = times(3, 100);
const BETS = times(2_000, 20_000);
/** Longest life of a central, in milliseconds. */
const MAX_LIFE = 500;
const WINDOWS = ["1", "8"];

testFault(
  "agencies killed at random moments and started again lose no bet and store none twice",
  async ({ dir, random }) => {
    await using central = await CrashingCentral.start(`${dir}/bets.csv`);
    const files = await makeFiles(dir, random);
    await killAll(files, central.port, random);
    await central.stop();
    await assertStoredOnce(central.store, files);
  },
);

testFault(
  "agencies and central killed at random moments lose no bet and store none twice",
  async ({ dir, random }) => {
    await using central = await CrashingCentral.start(`${dir}/bets.csv`);
    const files = await makeFiles(dir, random);
    await Promise.all([
      killAll(files, central.port, random.fork()),
      central.crashOften({ times: CENTRAL_KILLS, maxLife: MAX_LIFE, random }),
    ]);
    await central.stop();
    await assertStoredOnce(central.store, files);
  },
);

testFault(
  "an agency started twice at once on the same file stores no bet twice",
  async ({ dir, random }) => {
    await using central = await CrashingCentral.start(`${dir}/bets.csv`);
    const files = await makeFiles(dir, random);
    const twice = [...files, ...files];
    await Promise.all(
      twice.map((file) =>
        runAgency(file, central.port, randomSettings(random))
      ),
    );
    await central.stop();
    await assertStoredOnce(central.store, files);
  },
);

async function makeFiles(
  dir: string,
  random: ForkableRandom,
): Promise<MadeFile[]> {
  return await Promise.all(
    AGENCIES.map((agency) =>
      makeFile(`${dir}/${agency}.csv`, agency, randomRows(random, BETS))
    ),
  );
}

async function killAll(
  files: readonly MadeFile[],
  port: number,
  random: ForkableRandom,
): Promise<void> {
  await Promise.all(files.map((file) => {
    const own = random.fork();
    const env = () => randomSettings(own);
    return killAgency(file, port, { kills: KILLS, random: own, env });
  }));
}

/** Another batch size in each life: the store recognizes single bets. */
function randomSettings(random: ForkableRandom): Record<string, string> {
  return {
    CLI_BATCH_MAXAMOUNT: String(random.between(1, 20)),
    CLI_BATCH_WINDOW: random.pick(WINDOWS),
  };
}
