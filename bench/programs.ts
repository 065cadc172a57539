/**
 * The central and the agencies as processes, with the flags of their tasks.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const PROJECT_FOLDER: string = fileURLToPath(
  new URL("../", import.meta.url),
);

const LISTEN_REGEXP = /action: listen \| result: success \| port: (\d+)/;
const LATENCY_PRELOAD = join(PROJECT_FOLDER, "bench/latency_preload.ts");
const LATENCY_VARIABLE = "BENCH_LATENCY_FILE";

/** A process whose output is read, and dropped unless someone waits for it. */
export class Program {
  readonly #process: Deno.ChildProcess;
  readonly #stderr: Promise<string>;
  readonly #isRead: Promise<void>;
  #text = "";
  #wanted: { pattern: RegExp; found(match: RegExpExecArray): void } | undefined;

  /** Starts `deno` with these arguments in a folder. */
  constructor(
    args: readonly string[],
    env: Record<string, string> = {},
    cwd: string = PROJECT_FOLDER,
  ) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [...args],
      cwd,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stderr = new Response(this.#process.stderr).text();
    this.#isRead = this.#read();
  }

  /** The process's id. */
  get pid(): number {
    return this.#process.pid;
  }

  /**
   * Waits for a match in the output. Call it once, before the program can have
   * printed it. Throws an `Error` if the program ends without it.
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

  /** Waits for the end. Throws an `Error` if the exit code is not 0. */
  async success(): Promise<void> {
    const { code } = await this.#process.status;
    if (code === 0) return;
    throw new Error(
      `Cannot use run: process ${this.pid} ended with exit code ${code}: ${await this
        .#stderr}`,
    );
  }

  /** Stops it with SIGTERM and waits until it has ended well. */
  async stop(): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.success();
  }

  /** Kills it if it still runs, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      // It has already ended.
      if (!(error instanceof TypeError)) throw error;
    }
    await Promise.all([this.#process.status, this.#isRead, this.#stderr]);
  }

  /** An unread pipe would stop the program. */
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

/**
 * Starts the central of a project on a free port, and does not wait until it
 * listens.
 */
export function spawnCentral(
  storeFile: string,
  env: Record<string, string> = {},
  project: string = PROJECT_FOLDER,
): Program {
  return new Program(taskWords("server", project), {
    SERVER_PORT: "0",
    SERVER_STORE_FILE: storeFile,
    LOGGING_LEVEL: "INFO",
    ...env,
  }, project);
}

/** Starts a central and waits until it listens on the returned port. */
export function startCentral(
  storeFile: string,
  env: Record<string, string> = {},
  project: string = PROJECT_FOLDER,
): Promise<{ program: Program; port: number }> {
  return listening(spawnCentral(storeFile, env, project));
}

/** Starts a central on PostgreSQL and waits until it listens. */
export function startCentralOn(
  url: string,
): Promise<{ program: Program; port: number }> {
  return listening(
    new Program(taskWords("server:postgres", PROJECT_FOLDER), {
      SERVER_PORT: "0",
      SERVER_STORE_URL: url,
      LOGGING_LEVEL: "INFO",
    }),
  );
}

async function listening(
  program: Program,
): Promise<{ program: Program; port: number }> {
  try {
    const [, port] = await program.output(LISTEN_REGEXP);
    return { program, port: Number(port) };
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}

/** What an agency is started with. */
export interface AgencyOptions {
  /** Its id. */
  agency: number;
  /** Its file of bets. */
  file: string;
  /** Port of the central on this machine. */
  port: number;
  /** Batches under way at once. */
  window: number;
  /** File for the latency of each batch. */
  latencyFile: string;
  /** Folder of the project that it is of. */
  project: string;
}

/** Starts an agency that notes how long each batch takes. */
export function spawnAgency(options: AgencyOptions): Program {
  const { agency, file, port, window, latencyFile, project } = options;
  return new Program([
    "run",
    `--preload=${LATENCY_PRELOAD}`,
    `--allow-env=${LATENCY_VARIABLE}`,
    ...taskWords("client", project).slice(1),
  ], {
    CLI_ID: String(agency),
    CLI_AGENCY_FILE: file,
    CLI_SERVER_ADDRESS: `127.0.0.1:${port}`,
    CLI_BATCH_WINDOW: String(window),
    CLI_LOG_LEVEL: "INFO",
    [LATENCY_VARIABLE]: latencyFile,
  }, project);
}

function taskWords(task: string, project: string): string[] {
  const config = JSON.parse(Deno.readTextFileSync(join(project, "deno.json")));
  return config.tasks[task].split(" ").slice(1);
}
