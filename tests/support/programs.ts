// The programs as processes of their own, with the permissions of their tasks.

import { LISTEN_REGEXP } from "../../tools/demo/programs.ts";
import { PROJECT_FOLDER, taskArgs } from "../../tools/demo/task_process.ts";
import { readLines } from "../../tools/demo/text_lines.ts";
import { IS_FULL, within } from "./deadline.ts";

export { LISTEN_REGEXP, PROJECT_FOLDER as PROJECT };

const PIPED = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
/** Longest time for a program to end. */
const ENDING_LIMIT_MS = IS_FULL ? 600_000 : 60_000;

export interface Ending {
  code: number;
  /** All of its standard output. */
  stdout: string;
  /** All of its standard error. */
  stderr: string;
}

/** Runs any program to its end, with a text as its standard input. */
export async function endingOf(
  program: string,
  options: Deno.CommandOptions = {},
  input = "",
): Promise<Ending> {
  const process = new Deno.Command(program, { ...options, ...PIPED }).spawn();
  const [{ code, stdout, stderr }] = await Promise.all([
    process.output(),
    new Blob([input]).stream().pipeTo(process.stdin),
  ]);
  const [out, problem] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  );
  return { code, stdout: out!, stderr: problem! };
}

export class RunningProgram {
  readonly #process: Deno.ChildProcess;
  readonly #lines: string[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #stdoutRead: Promise<void>;
  readonly #stderr: Promise<string>;
  #isStdoutRead = false;

  constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#stdoutRead = this.#readLines();
    this.#stderr = new Response(process.stderr).text();
  }

  /** Lines of standard output so far. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Waits for a line of standard output. */
  async line(pattern: RegExp, count = 1): Promise<RegExpExecArray> {
    for (;;) {
      const matches = this.#lines.map((line) => pattern.exec(line))
        .filter((match) => match !== null);
      if (matches.length >= count) return matches[count - 1]!;
      if (this.#isStdoutRead) {
        throw new Error(
          `Cannot find line ${pattern}: the program printed\n${
            this.#lines.join("\n")
          }\n${await this.#stderr}`,
        );
      }
      await within(
        new Promise<void>((resolve) => this.#watchers.add(resolve)),
        () => `no ${count} lines ${pattern}:\n${this.#lines.join("\n")}`,
      );
    }
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Waits for the program's end. */
  async ending(): Promise<Ending> {
    const { code } = await within(
      this.#process.status,
      () => `process ${this.pid} still runs:\n${this.#lines.join("\n")}`,
      ENDING_LIMIT_MS,
    );
    await this.#stdoutRead;
    return {
      code,
      stdout: this.#lines.map((line) => `${line}\n`).join(""),
      stderr: await this.#stderr,
    };
  }

  /** Ends it with SIGTERM, as `docker stop` does. */
  async stop(): Promise<Ending> {
    this.kill("SIGTERM");
    return await this.ending();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.kill("SIGKILL");
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.ending();
  }

  async #readLines(): Promise<void> {
    for await (const line of readLines(this.#process.stdout)) {
      this.#lines.push(line);
      this.#wake();
    }
    this.#isStdoutRead = true;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#watchers) wake();
    this.#watchers.clear();
  }
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
