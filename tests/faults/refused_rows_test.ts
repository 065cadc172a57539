import { assertEquals } from "@std/assert";
import type { BetRow } from "../support/frames.ts";
import type { ForkableRandom } from "../support/seeded.ts";
import { readStore } from "../support/stored.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { type MadeFile, makeFile, randomRows } from "./made_bets.ts";
import { testFault, times } from "./plan.ts";
import { killAgency } from "./sending_agency.ts";

const AGENCIES = [1, 2, 3];
/** Kills of each agency. */
const KILLS = times(2, 15);
const CENTRAL_KILLS = times(3, 60);
const BETS = times(1_000, 8_000);
/** Longest life of a central, in milliseconds. */
const MAX_LIFE = 500;
/** One of this many rows breaks a rule. */
const BAD_EVERY = 12;
const BAD_DATES = ["17/03/1999", "2023-02-29", ""];

testFault(
  "the good rows of refused batches are stored once, whoever is killed",
  async ({ dir, random }) => {
    await using central = await CrashingCentral.start(`${dir}/bets.csv`);
    const files = await Promise.all(
      AGENCIES.map(async (agency): Promise<MadeFile> => {
        const rows = damageRows(randomRows(random, BETS), random);
        const file = await makeFile(`${dir}/${agency}.csv`, agency, rows);
        return { ...file, exitCode: 2 };
      }),
    );
    await Promise.all([
      ...files.map((file) => {
        const own = random.fork();
        const env = () => randomSettings(own);
        return killAgency(file, central.port, {
          kills: KILLS,
          random: own,
          env,
        });
      }),
      central.crashOften({ times: CENTRAL_KILLS, maxLife: MAX_LIFE, random }),
    ]);
    await central.stop();
    const stored = await storedBets(central.store);
    for (const { agency, rows, path } of files) {
      const good = rows.flatMap((row, index) =>
        isBad(row) ? [] : [`${index}: ${row.join()}`]
      );
      assertEquals(stored.get(agency)?.sort(byIndex), good, `agency ${agency}`);
      const rejected = await Deno.readTextFile(`${path}.rejected.csv`);
      const lines = rejected.trimEnd().split("\r\n");
      assertEquals(lines.length, rows.length - good.length);
    }
  },
);

function damageRows(rows: readonly BetRow[], random: ForkableRandom): BetRow[] {
  return rows.map((row) =>
    random.between(1, BAD_EVERY) === 1
      ? row.with(3, random.pick(BAD_DATES))
      : row
  );
}

function isBad(row: BetRow): boolean {
  return BAD_DATES.includes(row[3]!);
}

/** Each agency's bets, each with its bet index, in the order of the store. */
async function storedBets(store: string): Promise<Map<number, string[]>> {
  const found = new Map<number, string[]>();
  for (const { agency, betIndexes, bets } of await readStore(store)) {
    const earlier = found.get(agency) ?? [];
    found.set(agency, earlier);
    for (const [i, bet] of bets.entries()) {
      earlier.push(`${betIndexes[i]}: ${bet.join()}`);
    }
  }
  return found;
}

function byIndex(a: string, b: string): number {
  return parseInt(a) - parseInt(b);
}

function randomSettings(random: ForkableRandom): Record<string, string> {
  return {
    CLI_BATCH_MAXAMOUNT: String(random.between(1, 60)),
    CLI_BATCH_WINDOW: random.pick(["1", "3", "16"]),
  };
}
