// The programs as processes of their own, with the permissions of their tasks,
// and what is asserted of each of them.

import { assertEquals, assertMatch } from "@std/assert";
import { LISTEN_REGEXP } from "../../tools/demo/programs.ts";
import { PROJECT_FOLDER, taskArgs } from "../../tools/demo/task_process.ts";
import { testInFolder } from "./folder.ts";
import { type Ending, PIPED, RunningProgram } from "./running_program.ts";

export { type Ending, endingOf, RunningProgram } from "./running_program.ts";
export { LISTEN_REGEXP, PROJECT_FOLDER as PROJECT };

const LINE_REGEXP =
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (?=.{8} action:)(DEBUG|INFO|WARN|ERROR|CRITICAL) +(action: \w+ \| result: (?:success|fail|in_progress)(?: \| \w+: .*)?)$/;

/** Registers a test that starts programs and gets an empty folder of its own. */
export function testPrograms(
  name: string,
  fn: (dir: string) => Promise<void>,
): void {
  testInFolder(name, fn, ["net", "run"]);
}

/**
 * Reads a program's log, and asserts that every line has the form that it
 * should have, to the column.
 */
export function messages(stdout: string): string[] {
  return stdout.split("\n").slice(0, -1).map((line) => {
    assertMatch(line, LINE_REGEXP);
    const [, level, text] = LINE_REGEXP.exec(line)!;
    return `${level} ${text}`;
  });
}

/** Asserts that a program ended as it should, with nothing to complain of. */
export function assertEnding(ending: Ending, code: number): string[] {
  assertEquals(
    { code: ending.code, stderr: ending.stderr },
    { code, stderr: "" },
    ending.stdout,
  );
  return messages(ending.stdout);
}

/**
 * Asserts that a program could not do its job and said so in one line, without
 * a stack.
 */
export function assertFailure(ending: Ending, line: RegExp): void {
  assertEquals(ending.code, 1, ending.stdout + ending.stderr);
  assertMatch(ending.stderr, /^[^\n]+\n$/);
  assertMatch(ending.stderr, line);
}

/** Finds a port for what cannot be told to take any. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A central that listens. */
export type RunningCentral = RunningProgram & {
  readonly port: number;
};

export function startProgram(
  task: string,
  env: Record<string, string>,
  args: string[] = [],
): RunningProgram {
  return new RunningProgram(spawn(task, withSentFolder(env, args), args));
}

/** The agency's memory is beside its file, and goes away with the test. */
function withSentFolder(
  env: Record<string, string>,
  args: readonly string[] = [],
): Record<string, string> {
  const paths = [env["CLI_AGENCY_FILE"], env["FILE"], ...args];
  const file = paths.find((path) => path?.startsWith("/"));
  if (file === undefined) return env;
  return { CLI_AGENCY_SENTFOLDER: file.replace(/[^/]*$/, ".sent"), ...env };
}

/** Starts a central on a free port and waits until it listens. */
export async function startCentral(
  storeFile: string,
  env: Record<string, string> = {},
): Promise<RunningCentral> {
  const program = startProgram("server", {
    SERVER_STORE_FILE: storeFile,
    SERVER_PORT: "0",
    ...env,
  });
  const [, port] = await program.line(LISTEN_REGEXP);
  return Object.assign(program, { port: Number(port) });
}

/** Starts an agency. */
export function startAgency(
  id: number,
  file: string,
  port: number,
  env: Record<string, string> = {},
  args: string[] = [],
): RunningProgram {
  return startProgram("client", {
    CLI_ID: String(id),
    CLI_AGENCY_FILE: file,
    CLI_SERVER_ADDRESS: `127.0.0.1:${port}`,
    ...env,
  }, args);
}

/** Starts a program from a shell, as people do who give it a pipe. */
export function startFromShell(
  script: string,
  task: string,
  env: Record<string, string>,
): RunningProgram {
  const command = new Deno.Command("bash", {
    args: ["-c", script, "bash", Deno.execPath(), ...taskArgs(task)],
    cwd: PROJECT_FOLDER,
    env: withSentFolder(env),
    ...PIPED,
    stdin: "null",
  });
  return new RunningProgram(command.spawn());
}

function spawn(
  task: string,
  env: Record<string, string>,
  args: string[],
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...taskArgs(task), ...args],
    cwd: PROJECT_FOLDER,
    env,
    ...PIPED,
    stdin: "null",
  }).spawn();
}
