/**
 * How the fault suite runs: in a short form as a part of all tests, in full by
 * `deno task test:faults`. The seed is in every test's name; `-- --seed=N` runs
 * the same faults again, `-- --full` all of them.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import { testPrograms } from "../support/end_to_end.ts";
import { SEED } from "../support/random_bets.ts";
import { ForkableRandom } from "../support/seeded.ts";

/** Whether each fault is tried as often as the README's table says. */
export const IS_FULL: boolean = Deno.args.includes("--full");

/** Milliseconds after which a waiting test fails. */
const TIME_LIMIT = IS_FULL ? 600_000 : 60_000;

/** Milliseconds for its cleanup after that. */
const END_LIMIT = 5_000;

/** What a test of the suite gets. */
export interface FaultContext {
  /** An empty folder of the test's own. */
  dir: string;
  /** Random numbers that depend only on the seed and the test's name. */
  random: ForkableRandom;
}

/**
 * Chooses how often something is done.
 *
 * @param short Times in the short form.
 * @param full Times in the full form.
 * @returns One of the two.
 */
export function times(short: number, full: number): number {
  return IS_FULL ? full : short;
}

/**
 * Registers a test of the suite. It fails if it takes too long, so that a
 * program that hangs is found too.
 *
 * @param name Name of the test; the seed is added.
 * @param fn The test.
 * @param options Why it is ignored, if it is.
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
  testPrograms(`${name} (seed ${SEED})`, async (dir) => {
    const random = new ForkableRandom(SEED ^ crc32(name));
    const running = fn({ dir, random });
    try {
      await inTime(running);
    } finally {
      await endPrograms();
      // After a time-out, everything that the test waited for has ended now.
      await Promise.race([running, sleep(END_LIMIT)]);
    }
  });
}

/** Programs of the test that runs. */
const programs: AsyncDisposable[] = [];

/**
 * Makes a program end with its test, however that ends.
 *
 * @param program The program.
 * @returns The same.
 */
export function untilTestEnds<T extends AsyncDisposable>(program: T): T {
  programs.push(program);
  return program;
}

async function endPrograms(): Promise<void> {
  for (const program of programs.splice(0)) {
    await program[Symbol.asyncDispose]();
  }
}

/**
 * Waits, for the duration of a fault or until it begins.
 *
 * @param milliseconds How long.
 */
export async function sleep(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Waits for a promise, with a time limit.
 *
 * @param promise What is waited for.
 * @param limit Milliseconds that it may take. @default {TIME_LIMIT}
 * @returns What it comes to.
 * @throws {Error} If it takes longer.
 */
export async function inTime<T>(
  promise: Promise<T>,
  limit: number = TIME_LIMIT,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`Cannot wait any longer: ${limit} ms have passed`)),
    limit,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
