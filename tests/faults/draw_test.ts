import { assertEquals } from "@std/assert";
import type { BetRow } from "../support/frames.ts";
import { askWinners } from "../support/draw_wire.ts";
import { type RunningProgram, startProgram } from "../support/programs.ts";
import type { ForkableRandom } from "../support/seeded.ts";
import { CrashingCentral } from "./crashing_central.ts";
import { type MadeFile, makeFile, randomRow, winnersOf } from "./made_bets.ts";
import { type FaultContext, sleep, testFault, times } from "./plan.ts";
import { assertStoredOnce } from "./guarantee.ts";
import { PATIENT } from "./sending_agency.ts";

const AGENCIES = [1, 2, 3, 4, 5];
const ROUNDS = times(2, 20);
/** Crashes before the last agency begins, while the others wait. */
const MAX_EARLY_CRASHES = times(2, 6);
/**
 * Crashes after that. If starting takes longer than a life, agencies meet a
 * running central only by luck, and their retry delays grow to 10 s.
 */
const MAX_LATE_ENDS = 12;
/** Most bets of a file. */
const BETS = times(300, 1_000);
const WIN_CHANCE = 0.05;
const WINNING_NUMBERS = ["7574", "07574", "0000007574"];
/** Longest life of a central, in milliseconds. It starts in 100. */
const MAX_LIFE = 300;
/** How often it is stopped with SIGTERM instead. */
const STOP_CHANCE = 0.2;

testFault(
  "agencies get exactly the winners of their files from a central killed at random moments",
  async ({ dir, random }) => {
    for (let round = 1; round <= ROUNDS; round++) {
      await Deno.mkdir(`${dir}/${round}`);
      await drawOnce({ dir: `${dir}/${round}`, random });
    }
  },
);

async function drawOnce({ dir, random }: FaultContext): Promise<void> {
  const files = await Promise.all(
    AGENCIES.map((agency) => makeWinningFile(dir, agency, random)),
  );
  await using central = await CrashingCentral.start(`${dir}/bets.csv`, {
    SERVER_DRAW_AGENCIES: String(AGENCIES.length),
  });
  const draws: string[] = [];
  const last = random.pick(files);
  const others = files.filter((file) => file !== last);
  const awaiting = others.map((file) => awaitWinners(file, central.port));
  for (let left = random.between(0, MAX_EARLY_CRASHES); left > 0; left--) {
    await endLife(central, random, draws);
    await central.restart();
  }
  awaiting.push(awaitWinners(last, central.port));
  let isDone = false;
  const all = Promise.all(awaiting).finally(() => isDone = true);
  await Promise.all([all, endLives(central, random, draws, () => isDone)]);
  // The result stays the same, whatever happened in between.
  for (let life = 1; life <= 2; life++) {
    for (const file of files) {
      const winners = await askWinners(central.port, file.agency);
      assertEquals(winners, winnersOf(file), file.path);
    }
    await endLife(central, random, draws);
    await central.restart();
  }
  await central.stop();
  draws.push(...drawsOf(central.program));
  const [, ...later] = draws;
  assertEquals(
    [...new Set(later)],
    ["recover_draw"],
    "the draw held again",
  );
  await assertStoredOnce(central.store, files);
}

/** Kills the central, or stops it, while agencies still want their winners. */
async function endLives(
  central: CrashingCentral,
  random: ForkableRandom,
  draws: string[],
  isDone: () => boolean,
): Promise<void> {
  for (let left = MAX_LATE_ENDS; left > 0 && !isDone(); left--) {
    await endLife(central, random, draws);
    await central.restart();
  }
}

/** Lets the central run for a while, and notes what it logs about the draw. */
async function endLife(
  central: CrashingCentral,
  random: ForkableRandom,
  draws: string[],
): Promise<void> {
  await sleep(random.between(0, MAX_LIFE));
  if (random.happens(STOP_CHANCE)) await central.stop();
  else await central.crash();
  draws.push(...drawsOf(central.program));
}

/** What a central logged in one life about holding or resuming the draw. */
function drawsOf({ lines }: RunningProgram): string[] {
  return lines.map((line) => /action: (sorteo|recover_draw) /.exec(line)?.[1])
    .filter((name) => name !== undefined);
}

/** Runs an agency to its end, and asserts that it got its winners. */
async function awaitWinners(file: MadeFile, port: number): Promise<void> {
  const written = `${file.path}.winners`;
  await using program = startProgram("client", {
    ...PATIENT,
    CLI_ID: String(file.agency),
    CLI_AGENCY_FILE: file.path,
    CLI_SERVER_ADDRESS: `127.0.0.1:${port}`,
    CLI_BATCH_MAXAMOUNT: "5",
    CLI_DRAW_AWAIT: "true",
  }, ["--winners", written]);
  const { code, stdout, stderr } = await program.ending();
  assertEquals({ code, stderr }, { code: 0, stderr: "" }, stdout);
  const text = await Deno.readTextFile(written);
  assertEquals(text.split("\n").slice(0, -1), winnersOf(file), file.path);
}

function makeWinningFile(
  dir: string,
  agency: number,
  random: ForkableRandom,
): Promise<MadeFile> {
  const count = random.between(1, BETS);
  const rows = Array.from({ length: count }, (): BetRow => {
    const row = randomRow(random);
    if (!random.happens(WIN_CHANCE)) return row;
    return row.with(4, random.pick(WINNING_NUMBERS));
  });
  return makeFile(`${dir}/agency-${agency}.csv`, agency, rows);
}
