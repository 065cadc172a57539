// Runs programs as processes: tasks of `deno.json`, with exactly the permissions
// that they grant, and others.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readLines } from "./text_lines.ts";

export const PROJECT_FOLDER: string = fileURLToPath(
  new URL("../../", import.meta.url),
);

export interface TaskOptions {
  /** What it is, for errors. */
  name: string;
  /** The program, by default `deno`. */
  command?: string;
  /** More environment variables. */
  env?: Record<string, string>;
  /** Folder of the project, by default this one. */
  project?: string | undefined;
  /** Sends the process SIGTERM; its reason becomes the error. */
  signal?: AbortSignal;
  /** Called with each line of standard output. */
  onLine?(line: string): void;
}

export interface Ending {
  code: number;
  stderr: string;
}

/** After SIGTERM, SIGHUP and SIGINT: a terminal's Ctrl-C reaches all programs. */
const STOPPED_CODES = [0, 129, 130];

/** A program's process. Disposal kills it if it still runs, and waits. */
export class TaskProcess implements AsyncDisposable {
  /** How it ended, once its output was read to the end. */
  readonly ending: Promise<Ending>;
  readonly #process: Deno.ChildProcess;
  readonly #options: TaskOptions;
  readonly #isRead: Promise<undefined>;
  #expect: ((line: string) => void) | undefined;

  /** Starts the program, unless the signal was aborted before. */
  constructor(args: readonly string[], options: TaskOptions) {
    const { env = {}, project = PROJECT_FOLDER, signal } = options;
    const { command = Deno.execPath() } = options;
    signal?.throwIfAborted();
    this.#options = options;
    this.#process = new Deno.Command(command, {
      args: [...args],
      cwd: project,
      env,
      ...(signal ? { signal } : {}),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#isRead = this.#read();
    this.ending = this.#end();
  }

  get pid(): number {
    return this.#process.pid;
  }

  /**
   * Waits for a line of output. Call it once, immediately after the start.
   * Throws an `Error` if the process ends without it.
   */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve } = Promise.withResolvers<RegExpExecArray>();
    this.#expect = (line) => {
      const match = pattern.exec(line);
      if (match) resolve(match);
    };
    const match = await Promise.race([promise, this.#isRead]);
    this.#expect = undefined;
    return match ?? this.fail(await this.ending);
  }

  /** Waits for the end. Throws an `Error` if the exit code is not 0. */
  async success(): Promise<void> {
    const ending = await this.ending;
    if (ending.code !== 0) this.fail(ending);
  }

  /** Stops the process with SIGTERM, and waits for a clean end. */
  async stop(): Promise<void> {
    this.#kill("SIGTERM");
    const ending = await this.ending;
    // Windows has no SIGTERM: the process ends at once, with another exit code.
    if (Deno.build.os === "windows") return;
    if (!STOPPED_CODES.includes(ending.code)) this.fail(ending);
  }

  /** Throws the signal's reason, or an `Error` that says how it ended. */
  fail(ending: Ending): never {
    this.#options.signal?.throwIfAborted();
    throw new Error(`Cannot continue: ${this.describe(ending)}`);
  }

  describe({ code, stderr }: Ending): string {
    const end = `${this.#options.name} ended with exit code ${code}`;
    return stderr === "" ? end : `${end}: ${stderr}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill("SIGKILL");
    await this.ending;
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#process.kill(signal);
    } catch (error) {
      // It has already ended.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  async #read(): Promise<undefined> {
    for await (const line of readLines(ReadableStream.from(this.#wanted()))) {
      this.#options.onLine?.(line);
      this.#expect?.(line);
    }
  }

  /**
   * The output while it is wanted. The rest is read too, because a full pipe
   * would block the process, but not decoded: a central logs thousands of lines
   * a second, which would take CPU time from what is measured.
   */
  async *#wanted(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for await (const chunk of this.#process.stdout) {
      if (this.#options.onLine || this.#expect) yield chunk;
    }
  }

  async #end(): Promise<Ending> {
    const [{ code }, stderr] = await Promise.all([
      this.#process.status,
      new Response(this.#process.stderr).text(),
      this.#isRead,
    ]);
    return { code, stderr: stderr.trim() };
  }
}

export function taskArgs(task: string, project = PROJECT_FOLDER): string[] {
  const config = JSON.parse(Deno.readTextFileSync(join(project, "deno.json")));
  const entry = config.tasks[task];
  // A revision before 7587608 has the command alone.
  const { command = entry } = entry;
  return command.replaceAll("'", "").split(" ").slice(1);
}
