/**
 * The real client program, which has to succeed whatever the fault.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type RunningProgram, startAgency } from "../support/programs.ts";
import type { ForkableRandom } from "../support/seeded.ts";
import { type MadeFile, makeFile, randomRows } from "./made_bets.ts";
import { sleep, untilTestEnds } from "./plan.ts";

/** Short retry delays, and no limit of attempts. */
export const PATIENT: Readonly<Record<string, string>> = {
  CLI_RETRY_BASEDELAY: "10ms",
  CLI_RETRY_MAXATTEMPTS: "1000000",
};

/** Longest life of an agency, in milliseconds. It starts in 100. */
const LIFE = { min: 50, max: 250 };

/**
 * Chooses the window of an agency: some wait for each reply, some do not.
 *
 * @param agency The agency's id.
 * @returns The window.
 */
export function windowOf(agency: number): number {
  return agency % 2 === 1 ? 1 : 8;
}

/**
 * Runs an agency to its end, and asserts its exit code.
 *
 * @param file Its file.
 * @param port Where the central is.
 * @param env More of its environment.
 */
export async function runAgency(
  file: MadeFile,
  port: number,
  env: Record<string, string> = {},
): Promise<void> {
  await using program = start(file, port, env);
  const { code, stdout, stderr } = await program.ending();
  const expected = { code: file.exitCode ?? 0, stderr: "" };
  assertEquals({ code, stderr }, expected, stdout);
}

/**
 * Runs an agency on the same file until it succeeds, and kills it at random
 * moments before that.
 *
 * @param file Its file.
 * @param port Where the central is.
 * @param kills How often it is killed.
 * @param random When.
 * @param env Gives more of its environment, anew for each life.
 */
export async function killAgency(
  file: MadeFile,
  port: number,
  { kills, random, env }: {
    kills: number;
    random: ForkableRandom;
    env(): Record<string, string>;
  },
): Promise<void> {
  for (let killed = 0; killed < kills;) {
    await using program = start(file, port, env());
    await sleep(random.between(LIFE.min, LIFE.max));
    await program[Symbol.asyncDispose]();
    const { code, stderr } = await program.ending();
    assertEquals(stderr, "");
    // It may have ended before.
    if (code !== (file.exitCode ?? 0)) killed++;
  }
  await runAgency(file, port, env());
}

/**
 * Runs an agency on one file after the other.
 *
 * @param agency Its id.
 * @param dir Where its files go.
 * @param options How large a file is, and until when.
 * @returns All files, each of them sent to its end.
 */
export async function sendUntil(
  agency: number,
  dir: string,
  { bets, random, isDone, port, env = {} }: {
    /** Bets of each file. */
    bets: number;
    /** Source of the random bets. */
    random: ForkableRandom;
    /** True if no more files are to be sent. */
    isDone(): boolean;
    /** Port of the central. */
    port: number;
    /** More of its environment. */
    env?: Record<string, string>;
  },
): Promise<MadeFile[]> {
  const files: MadeFile[] = [];
  while (!isDone()) {
    const path = `${dir}/agency-${agency}-${files.length}.csv`;
    const file = await makeFile(path, agency, randomRows(random, bets));
    files.push(file);
    await runAgency(file, port, env);
  }
  return files;
}

function start(
  { agency, path }: MadeFile,
  port: number,
  env: Record<string, string>,
): RunningProgram {
  const program = startAgency(agency, path, port, {
    ...PATIENT,
    CLI_BATCH_WINDOW: String(windowOf(agency)),
    ...env,
  });
  return untilTestEnds(program);
}
