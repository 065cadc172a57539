/**
 * The central and the agencies as processes, with the flags of their tasks.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import project from "../deno.json" with { type: "json" };

/** The project's folder. */
export const PROJECT_FOLDER: string = fileURLToPath(
  new URL("../", import.meta.url),
);

const LISTEN_REGEXP = /action: listen \| result: success \| port: (\d+)/;
const LATENCY_PRELOAD = "bench/latency_preload.ts";
const LATENCY_VARIABLE = "BENCH_LATENCY_FILE";

/** A process whose output is read, and forgotten unless somebody waits for it. */
export class Program {
  readonly #process: Deno.ChildProcess;
  readonly #stderr: Promise<string>;
  readonly #isRead: Promise<void>;
  #text = "";
  #wanted: { pattern: RegExp; found(match: RegExpExecArray): void } | undefined;

  /**
   * Takes over a process.
   *
   * @param process The process, with output and error piped.
   */
  constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#stderr = new Response(process.stderr).text();
    this.#isRead = this.#read();
  }

  /** The process's id. */
  get pid(): number {
    return this.#process.pid;
  }

  /**
   * Waits for something in the output. To be called once, before the program
   * can have printed it.
   *
   * @param pattern What is waited for, in one line.
   * @returns The match.
   * @throws {Error} If the program ends without it.
   */
  async output(pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve } = Promise.withResolvers<RegExpExecArray>();
    this.#wanted = { pattern, found: resolve };
    const end = this.#isRead.then(() => undefined);
    const match = await Promise.race([promise, end]);
    this.#wanted = undefined;
    if (match) return match;
    throw new Error(
      `Cannot find ${pattern} in the output of process ${this.pid}: it printed ${
        JSON.stringify(this.#text + await this.#stderr)
      }`,
    );
  }

  /**
   * Waits for the end.
   *
   * @returns Once the process has ended with exit code 0.
   * @throws {Error} If it has ended with another.
   */
  async success(): Promise<void> {
    const { code } = await this.#process.status;
    if (code === 0) return;
    throw new Error(
      `Cannot use run: process ${this.pid} ended with exit code ${code}: ${await this
        .#stderr}`,
    );
  }

  /** Ends it with SIGTERM, and waits until it has ended well. */
  async stop(): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.success();
  }

  /** Kills it if it still runs, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
    await Promise.all([this.#process.status, this.#isRead, this.#stderr]);
  }

  /** A pipe that nobody reads would hold up the program. */
  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#process.stdout) {
      if (!this.#wanted) continue;
      this.#text += decoder.decode(chunk, { stream: true });
      const match = this.#wanted.pattern.exec(this.#text);
      if (match) this.#wanted.found(match);
    }
  }
}

/** A central that listens. */
export interface RunningCentral {
  /** Its process. */
  program: Program;
  /** Where it listens, on this machine. */
  port: number;
}

/**
 * Starts a central on a free port.
 *
 * @param storeFile Its store.
 * @param env More of its environment.
 * @returns The process, at its start.
 */
export function spawnCentral(
  storeFile: string,
  env: Record<string, string> = {},
): Program {
  return spawnTask(taskWords("server"), {
    SERVER_PORT: "0",
    SERVER_STORE_FILE: storeFile,
    LOGGING_LEVEL: "INFO",
    ...env,
  });
}

/**
 * Starts a central and waits until it listens.
 *
 * @param storeFile Its store.
 * @param env More of its environment.
 * @returns The central.
 * @throws {Error} If it ends before.
 */
export async function startCentral(
  storeFile: string,
  env: Record<string, string> = {},
): Promise<RunningCentral> {
  const program = spawnCentral(storeFile, env);
  try {
    const [, port] = await program.output(LISTEN_REGEXP);
    return { program, port: Number(port) };
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}

/** What an agency is started for. */
export interface AgencyOptions {
  /** Its id. */
  agency: number;
  /** Its file of bets. */
  file: string;
  /** Where the central is, on this machine. */
  port: number;
  /** Batches that may be under way. */
  window: number;
  /** Where to write how long each batch took. */
  latencyFile: string;
}

/**
 * Starts an agency that notes how long each batch takes.
 *
 * @param options What for.
 * @returns The process, at its start.
 */
export function spawnAgency(options: AgencyOptions): Program {
  const { agency, file, port, window, latencyFile } = options;
  return spawnTask([
    "run",
    `--preload=${LATENCY_PRELOAD}`,
    `--allow-env=${LATENCY_VARIABLE}`,
    ...taskWords("client").slice(1),
  ], {
    CLI_ID: String(agency),
    CLI_AGENCY_FILE: file,
    CLI_SERVER_ADDRESS: `127.0.0.1:${port}`,
    CLI_BATCH_WINDOW: String(window),
    CLI_LOG_LEVEL: "INFO",
    [LATENCY_VARIABLE]: latencyFile,
  });
}

/**
 * Starts a script of this folder.
 *
 * @param words Flags, the script's path from the project, and its arguments.
 * @returns The process, at its start.
 */
export function spawnScript(words: readonly string[]): Program {
  return spawnTask(["run", "--no-prompt", ...words], {});
}

function taskWords(task: "client" | "server"): string[] {
  return project.tasks[task].split(" ").slice(1);
}

function spawnTask(
  args: readonly string[],
  env: Record<string, string>,
): Program {
  const process = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: PROJECT_FOLDER,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  return new Program(process);
}
