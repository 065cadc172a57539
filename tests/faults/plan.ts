// How the fault suite runs: in a short form as a part of all tests, in full by
// `deno task test:faults`. The seed is in every test's name; `-- --seed=N` runs
// the same faults again, `-- --full` all of them.

import { crc32 } from "node:zlib";
import { IS_FULL, within } from "../support/deadline.ts";
import { testPrograms as test } from "../support/programs.ts";
import { Random, SEED } from "../support/random_bets.ts";

/** Milliseconds after which a waiting test fails. */
const TIME_LIMIT_MS = IS_FULL ? 600_000 : 120_000;
/** Milliseconds for its clean-up after that. */
const END_LIMIT_MS = 5_000;

/** What a test of the suite gets. */
export interface FaultContext {
  /** An empty folder of the test's own. */
  dir: string;
  /** Random numbers that depend only on the seed and the test's name. */
  random: Random;
}

/** Chooses how often something is done, in the short and the full form. */
export function times(short: number, full: number): number {
  return IS_FULL ? full : short;
}

/**
 * Registers a test of the suite. It fails if it takes too long, so that a
 * program that hangs is found too.
 */
export function testFault(
  name: string,
  fn: (context: FaultContext) => Promise<void>,
  { ignored }: { ignored?: string | undefined } = {},
): void {
  if (ignored !== undefined) {
    Deno.test({ name: `${name} (ignored: ${ignored})`, ignore: true, fn() {} });
    return;
  }
  test(`${name} (seed ${SEED})`, async (dir) => {
    const random = new Random(SEED ^ crc32(name));
    const running = fn({ dir, random });
    // After a time-out, everything that the test waited for ends.
    const ended = running.catch(() => {});
    await using _programs = {
      async [Symbol.asyncDispose](): Promise<void> {
        await endPrograms();
        await within(ended, () => "", END_LIMIT_MS).catch(() => {});
      },
    };
    await within(running, () => "the test has not ended", TIME_LIMIT_MS);
  });
}

/** Programs of the test that runs. */
const programs: AsyncDisposable[] = [];

/** Makes a program end with its test, however that ends. */
export function untilTestEnds<T extends AsyncDisposable>(program: T): T {
  programs.push(program);
  return program;
}

async function endPrograms(): Promise<void> {
  for (const program of programs.splice(0)) {
    await program[Symbol.asyncDispose]();
  }
}
