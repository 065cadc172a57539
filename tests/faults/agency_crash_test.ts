import { assertEquals } from "@std/assert";
import type { BetRow } from "../support/frames.ts";
import type { Random } from "../support/random_bets.ts";
import { readStore } from "../support/stored.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { makeFile, randomRows } from "../support/made_bets.ts";
import { testFault, times } from "./plan.ts";
import { killAgency } from "./sending_agency.ts";

const AGENCIES = [1, 2, 3];
/** Kills of each agency. */
const KILLS = times(2, 20);
const CENTRAL_KILLS = times(3, 100);
const BETS = times(1_000, 15_000);
/** Longest life of a central, in milliseconds. */
const MAX_LIFE_MS = 500;
/** Part of the rows that break a rule. */
const BAD_CHANCE = 1 / 12;
const BAD_DATES = ["17/03/1999", "2023-02-29", ""];

testFault(
  "agencies and central killed at random moments store each good row once, those of refused batches too",
  async ({ dir, random }) => {
    await using central = await CrashingCentral.start(`${dir}/bets.csv`);
    const files = await Promise.all(AGENCIES.map(async (agency) => {
      const rows = damageRows(randomRows(random, BETS), random);
      const file = await makeFile(`${dir}/${agency}.csv`, agency, rows);
      return { ...file, exitCode: 2 };
    }));
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
      central.crashOften({
        times: CENTRAL_KILLS,
        maxLife: MAX_LIFE_MS,
        random,
      }),
    ]);
    await central.stop();
    const stored = await readStore(central.store);
    for (const { agency, rows, path } of files) {
      const bets = stored.filter((batch) => batch.agency === agency)
        .flatMap(({ betIndexes, bets }) =>
          bets.map((bet, i) => `${betIndexes[i]}: ${bet}`)
        );
      const good = rows.flatMap((row, index) =>
        isBad(row) ? [] : [`${index}: ${row}`]
      );
      assertEquals(bets.sort(), good.sort(), `agency ${agency}`);
      const rejected = await Deno.readTextFile(`${path}.rejected.csv`);
      const lines = rejected.trimEnd().split("\r\n");
      assertEquals(lines.length, rows.length - good.length);
    }
  },
);

function damageRows(rows: readonly BetRow[], random: Random): BetRow[] {
  return rows.map((row) =>
    random.happens(BAD_CHANCE) ? row.with(3, random.pick(BAD_DATES)) : row
  );
}

function isBad(row: BetRow): boolean {
  return BAD_DATES.includes(row[3]!);
}

/** Other batches in each life: the store recognizes single bets. */
function randomSettings(random: Random): Record<string, string> {
  return {
    CLI_BATCH_MAXAMOUNT: String(random.between(1, 60)),
    CLI_BATCH_WINDOW: random.pick(["1", "3", "16"]),
  };
}
