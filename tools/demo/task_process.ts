/**
 * Runs a task of `deno.json` as a process, with exactly the permissions that the
 * task grants.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import project from "../../deno.json" with { type: "json" };
import { readLines } from "./text_lines.ts";

const PROJECT_FOLDER = fileURLToPath(new URL("../../", import.meta.url));

/** Options of {@linkcode startTask}. */
export interface TaskOptions {
  /** Variables in addition to those of this process. */
  env: Record<string, string>;
  /** Sends the process SIGTERM. */
  signal: AbortSignal;
  /** Called with each line of its standard output. */
  onLine(line: string): void;
}

/** How a process ended. */
export interface Ending {
  /** Its exit code. */
  code: number;
  /** Its standard error. */
  stderr: string;
  /** From its start to its end. */
  seconds: number;
}

/**
 * Starts a task of one `deno` command.
 *
 * @param task Its name in `deno.json`.
 * @param options Its environment, and who listens.
 * @returns How it ended, once it has.
 * @throws The signal's reason, if it came before.
 */
export async function startTask(
  task: "client" | "server",
  { env, signal, onLine }: TaskOptions,
): Promise<Ending> {
  // A signal that was aborted before does not stop the process.
  signal.throwIfAborted();
  const startedAt = performance.now();
  const [, ...args] = project.tasks[task].split(" ");
  const process = new Deno.Command(Deno.execPath(), {
    args,
    cwd: PROJECT_FOLDER,
    env,
    signal,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [{ code }, stderr] = await Promise.all([
    process.status,
    new Response(process.stderr).text(),
    tellLines(process.stdout, onLine),
  ]);
  const seconds = (performance.now() - startedAt) / 1000;
  return { code, stderr: stderr.trim(), seconds };
}

async function tellLines(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (line: string) => void,
): Promise<void> {
  for await (const line of readLines(bytes)) onLine(line);
}
