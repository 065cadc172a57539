// Opens the agency's file: a regular file, a pipe, or standard input.

import { ProgramError, reasonOf } from "../../program/errors.ts";
import { orAborted } from "../../program/timer.ts";

/** An open file that can be read at any offset. */
export interface InputFile {
  /** "-" for a stream. */
  path: string;
  file: Deno.FsFile;
  /** The file's metadata when it was opened. */
  info: Deno.FileInfo;
  /** Whether it is a pipe's content, copied to an unlinked temporary file. */
  isSpooled: boolean;
}

/** Names of standard input. Deno refuses to open the last three. */
const STANDARD_INPUTS = new Set([
  "-",
  "/dev/stdin",
  "/dev/fd/0",
  "/proc/self/fd/0",
]);
/** Names that exist only within a process, such as `<(zcat bets.csv.gz)`. */
const PROCESS_PATH_REGEXP = /^\/(?:dev|proc)\//;

/**
 * True for standard input and for pipes that only this process has: no file can
 * be created beside them.
 */
export function isProcessInput(path: string): boolean {
  return STANDARD_INPUTS.has(path) || PROCESS_PATH_REGEXP.test(path);
}

/**
 * Opens a path, `-` for standard input, or a stream. A pipe's content is copied
 * to a temporary file, because its hash is needed before the first bet is sent;
 * the signal aborts the wait for it. Throws a `ProgramError` if the input
 * cannot be opened, or is neither a file nor a pipe.
 */
export async function openInput(
  input: string | ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): Promise<InputFile> {
  const isPath = typeof input === "string";
  const path = isPath ? input : "-";
  try {
    const opened = isPath ? await openPath(path, signal) : input;
    // The class ReadableStream would be loaded for each agency: 10 % of the CPU
    // time of one with one bet.
    const isSpooled = !("statSync" in opened);
    const file = isSpooled ? await spool(opened, signal) : opened;
    return { path, file, info: file.statSync(), isSpooled };
  } catch (error) {
    // A stream's errors are passed to the caller unchanged.
    throw isPath ? readError(path, error) : error;
  }
}

/**
 * Explains an operating system error in one line that names the file; returns
 * any other error unchanged.
 */
export function readError(path: string, error: unknown): unknown {
  // Deno refuses to open some files, whatever the permissions.
  const isExpected = error instanceof Deno.errors.NotCapable ||
    (error instanceof Error && "code" in error);
  if (!isExpected) return error;
  // The runtime puts this character in place of bytes that are not UTF-8.
  const hint = path.includes("\ufffd")
    ? '; if its name is not UTF-8, rename it or send it with "-"'
    : error instanceof Deno.errors.NotFound && !path.startsWith("/")
    ? `; expected it at "${Deno.cwd()}/${path}"`
    : "";
  return new ProgramError(
    `Cannot read agency's file "${path}": ${reasonOf(error)}${hint}`,
    { cause: error },
  );
}

/** Explains why the file is not sent at all. */
export function sendError(path: string, why: string): ProgramError {
  return new ProgramError(`Cannot send agency's file "${path}": ${why}`);
}

/** Explains how the file changed after it was hashed. */
export function changedError(path: string, what: string): ProgramError {
  return new ProgramError(
    `Cannot finish sending agency's file "${path}": it changed while it was sent (${what}); check it, then send it again`,
  );
}

/** Returns a stream for a pipe and for standard input. */
async function openPath(
  path: string,
  signal?: AbortSignal,
): Promise<Deno.FsFile | ReadableStream<Uint8Array>> {
  if (STANDARD_INPUTS.has(path)) return Deno.stdin.readable;
  const file = openFile(path);
  if (file) return file;
  // Opening a pipe waits for a writer, perhaps forever.
  const opening = Deno.open(path);
  const pipe = await orAborted(opening, signal).catch((error) => {
    opening.then((late) => late.close(), () => {});
    throw error;
  });
  return pipe.readable;
}

/** Returns `undefined` for a pipe. */
function openFile(path: string): Deno.FsFile | undefined {
  const info = Deno.statSync(path);
  if (info.isFile) return Deno.openSync(path);
  if (info.isFifo) return undefined;
  throw new ProgramError(
    `Cannot read agency's file "${path}": it is ${
      kindOf(info)
    }, expected a regular file, a pipe, or "-" for standard input`,
  );
}

function kindOf(info: Deno.FileInfo): string {
  if (info.isDirectory) return "a directory";
  return info.isSocket ? "a socket" : "a device";
}

async function spool(
  input: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): Promise<Deno.FsFile> {
  const file = await orNoRoom(openUnlinked);
  try {
    const output = new WritableStream<Uint8Array>({
      async write(chunk): Promise<void> {
        for (let at = 0; at < chunk.length;) {
          at += await orNoRoom(() => file.write(chunk.subarray(at)));
        }
      },
    });
    await input.pipeTo(output, signal ? { signal } : {});
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** A file without a name, which the system removes even if this process is killed. */
async function openUnlinked(): Promise<Deno.FsFile> {
  const path = await Deno.makeTempFile({ prefix: "loteria-", suffix: ".csv" });
  const file = await Deno.open(path, { read: true, write: true });
  await Deno.remove(path);
  return file;
}

async function orNoRoom<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    throw new ProgramError(
      `Cannot copy the input to a temporary file: ${
        reasonOf(cause)
      }; set TMPDIR to a folder with room for it`,
      { cause },
    );
  }
}
