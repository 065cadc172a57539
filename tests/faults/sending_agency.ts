// The real client program, which must succeed despite any fault.

import { assertEquals } from "@std/assert";
import { type RunningProgram, startAgency } from "../support/programs.ts";
import type { Random } from "../support/random_bets.ts";
import { type MadeFile, makeFile, randomRows } from "../support/made_bets.ts";
import { untilTestEnds } from "./plan.ts";

/** Short retry delays, and no limit of attempts. */
const PATIENT: Readonly<Record<string, string>> = {
  CLI_RETRY_BASEDELAY: "10ms",
  CLI_RETRY_MAXATTEMPTS: "1000000",
};

/** An agency's window: some wait for each reply, some do not. */
export function windowOf(agency: number): number {
  return agency % 2 === 1 ? 1 : 8;
}

/** Runs an agency to its end, and asserts that it succeeds. */
export async function runAgency(
  file: MadeFile,
  port: number,
  env: Record<string, string> = {},
): Promise<void> {
  await using program = start(file, port, env);
  const { code, stdout, stderr } = await program.ending();
  assertEquals({ code, stderr }, { code: 0, stderr: "" }, stdout);
}

/** How agencies send until they are done. */
interface SendingUntil {
  agencies: readonly number[];
  /** Bets of each file. */
  bets: number;
  random: Random;
  isDone(): boolean;
  port: number;
  envOf: (agency: number) => Record<string, string>;
}

/**
 * Runs agencies at once, each on one file after the other, until they are done.
 * Returns all files, each of them sent to its end.
 */
export async function sendUntil(
  dir: string,
  { agencies, bets, random, isDone, port, envOf }: SendingUntil,
): Promise<MadeFile[]> {
  const files: MadeFile[] = [];
  await Promise.all(agencies.map(async (agency) => {
    const own = random.fork();
    for (let number = 0; !isDone(); number++) {
      const path = `${dir}/agency-${agency}-${number}.csv`;
      const file = await makeFile(path, agency, randomRows(own, bets));
      files.push(file);
      await runAgency(file, port, envOf(agency));
    }
  }));
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
