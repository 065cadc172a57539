import { assertEquals } from "@std/assert";
import { startAgency } from "../support/programs.ts";
import type { Random } from "../support/random_bets.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { assertStoredOnce } from "./guarantee.ts";
import {
  type MadeFile,
  makeFile,
  randomRows,
  winnersOf,
} from "../support/made_bets.ts";
import { testFault, times } from "./plan.ts";
import { SECURITIES } from "./security.ts";
import { PATIENT } from "./sending_agency.ts";

const AGENCIES = [1, 2, 3];
const ROUNDS = times(1, 10);
/** Ends of the central before the last agency begins, and most after that. */
const EARLY_ENDS = times(2, 4);
const LATE_ENDS = times(2, 12);
/** Most bets of a file. */
const MAX_BETS = times(300, 1_000);
const WIN_CHANCE = 0.05;
const WINNING_NUMBERS = ["7574", "07574", "0000007574"];
/** Longest life of a central, in milliseconds. It starts in 100. */
const MAX_LIFE_MS = 300;

for (const security of SECURITIES) {
  testFault(
    `${security.name}agencies get exactly the winners of their files from a central killed or stopped at random moments`,
    async ({ dir, random }) => {
      const env = {
        ...await security.central(dir),
        SERVER_DRAW_AGENCIES: String(AGENCIES.length),
      };
      const awaitWinners = async (file: MadeFile, port: number) => {
        await using program = startAgency(file.agency, file.path, port, {
          ...PATIENT,
          ...security.agency(file.agency),
          CLI_BATCH_MAXAMOUNT: "5",
        }, ["--winners", `${file.path}.winners`]);
        const { code, stdout, stderr } = await program.ending();
        assertEquals({ code, stderr }, { code: 0, stderr: "" }, stdout);
        const text = await Deno.readTextFile(`${file.path}.winners`);
        const winners = text.split("\n").slice(0, -1);
        assertEquals(winners, winnersOf(file), file.path);
      };
      for (let round = 1; round <= ROUNDS; round++) {
        await Deno.mkdir(`${dir}/${round}`);
        const files = await Promise.all(
          AGENCIES.map((agency) =>
            makeWinningFile(`${dir}/${round}/${agency}.csv`, agency, random)
          ),
        );
        await using central = await CrashingCentral.start(
          `${dir}/${round}/bets.csv`,
          env,
        );
        const [last, ...others] = files;
        const awaiting = others.map((file) => awaitWinners(file, central.port));
        const ends = { maxLife: MAX_LIFE_MS, random };
        await central.crashOften({ ...ends, times: EARLY_ENDS });
        awaiting.push(awaitWinners(last!, central.port));
        let isDone = false;
        await Promise.all([
          Promise.all(awaiting).finally(() => isDone = true),
          central.crashOften({
            ...ends,
            times: LATE_ENDS,
            isDone: () => isDone,
          }),
        ]);
        // The result stays the same.
        await central.crash();
        await central.restart();
        await Promise.all(
          files.map((file) => awaitWinners(file, central.port)),
        );
        await central.stop();
        await assertStoredOnce(central.store, files);
      }
    },
  );
}

function makeWinningFile(
  path: string,
  agency: number,
  random: Random,
): Promise<MadeFile> {
  const rows = randomRows(random, random.between(1, MAX_BETS)).map((row) =>
    random.happens(WIN_CHANCE) ? row.with(4, random.pick(WINNING_NUMBERS)) : row
  );
  return makeFile(path, agency, rows);
}
