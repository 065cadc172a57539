// Files that the agency writes. They are never seen incomplete, and never
// overwrite a file of the user's by mistake. Small ones are written synchronously,
// which takes less time than switching threads.

import { sha256 } from "../hashes.ts";

/** Permission bits for reading and writing, but not for executing. */
const READ_WRITE = 0o666;
/** For the owner only: bets are personal data, and so is who sent them. */
const PRIVATE_MODE = 0o600;
const PRIVATE_FOLDER_MODE = 0o700;

/** A temporary file beside its final path. Removed unless it is renamed. */
export class PendingFile implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #isRenamed = false;

  constructor(path: string) {
    this.#path = `${path}.${Math.random().toString(36).slice(2, 10)}.part`;
    const options = { write: true, createNew: true, mode: PRIVATE_MODE };
    this.#file = Deno.openSync(this.#path, options);
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      at += this.#file.writeSync(bytes.subarray(at));
    }
  }

  /** Waits until the file is on disk. */
  flush(): void {
    this.#file.syncDataSync();
  }

  /** SHA-256 of the file, in hex. */
  async hash(): Promise<string> {
    return await hashOf(this.#path);
  }

  /** Moves the file to a path, and replaces any file there. */
  rename(path: string, mode: number): void {
    if (mode !== PRIVATE_MODE) Deno.chmodSync(this.#path, mode);
    Deno.renameSync(this.#path, path);
    this.#isRenamed = true;
  }

  [Symbol.dispose](): void {
    this.#file.close();
    if (!this.#isRenamed) ifThere(() => Deno.removeSync(this.#path));
  }
}

/**
 * Writes a file beside the path, and renames it once it is complete. With
 * `isFlushed`, the file is on disk under its name then. By default only the owner
 * can read it.
 */
export function replaceFile(
  path: string,
  text: string,
  { mode = PRIVATE_MODE, isFlushed = false } = {},
): void {
  using file = new PendingFile(path);
  file.write(new TextEncoder().encode(text));
  if (isFlushed) file.flush();
  file.rename(path, mode);
  if (isFlushed) flushFolder(split(path).folder);
}

/** Writes new files' names to disk. */
function flushFolder(path: string): void {
  if (Deno.build.os === "windows") return; // Folders cannot be opened there.
  using folder = Deno.openSync(path);
  folder.syncSync();
}

/** Creates a folder that only the owner can read, unless it exists. */
export function createPrivateFolder(path: string): void {
  Deno.mkdirSync(path, { recursive: true, mode: PRIVATE_FOLDER_MODE });
}

/**
 * Opens a file to lock; `undefined` if it cannot be opened, as in a folder that
 * can only be read. The system releases the lock when the process ends, even if it
 * is killed.
 */
export function openLock(path: string): Deno.FsFile | undefined {
  const options = { write: true, create: true, mode: PRIVATE_MODE };
  return attempt(() => Deno.openSync(path, options));
}

/**
 * Runs `call` while no other process or call holds the lock file at the path; if
 * that cannot be locked, without a lock.
 */
export function exclusively<T>(lock: string, call: () => T): T {
  using file = openLock(lock);
  attempt(() => file?.lockSync(true));
  return call();
}

/**
 * Checks, before anything is sent, that a file can be written: creates and
 * removes one beside it.
 */
export function probe(path: string): void {
  using _file = new PendingFile(path);
}

/** Copies are as private as their source. */
export function modeOfCopy(source: number | null | undefined): number {
  return source === null || source === undefined
    ? PRIVATE_MODE
    : source & READ_WRITE;
}

/** The full path of a file that may not exist. A link in its place is not followed. */
export function fullPathOf(path: string): string {
  const { folder, name } = split(path);
  const fullFolder = Deno.realPathSync(folder);
  return `${fullFolder === "/" ? "" : fullFolder}/${name}`;
}

function split(path: string): { folder: string; name: string } {
  const [, folder = ".", name = ""] = /^(.*[/\\])?(.*)$/.exec(path)!;
  return { folder, name };
}

/** Returns `undefined` for a file that does not exist. */
export function ifThere<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Returns `undefined` if the call fails in any way. */
export function attempt<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}

/** SHA-256 of a file in hex. */
export async function hashOf(path: string): Promise<string> {
  return (await sha256(await Deno.readFile(path))).toHex();
}
