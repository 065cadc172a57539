// Files that the agency writes. Each is complete or not there, and no file of
// the user's is overwritten by mistake. Small ones are written synchronously,
// in less time than a hop to another thread takes.

import { concatenate } from "../../bytes/concatenate.ts";
import { sha256 } from "../hashes.ts";

/**
 * Permission bits for reading and writing: none of these files is a program.
 */
const READ_WRITE = 0o666;
export const PRIVATE_MODE = 0o600;
const NEW_FILE = { createNew: true, mode: PRIVATE_MODE };
const WRITE_BYTES = 1 << 16;

/**
 * Writes a file beside the path, and renames it once it is complete; with
 * `isFlushed`, once it is on disk.
 */
export function replaceFile(
  path: string,
  content: Uint8Array,
  mode: number,
  { isFlushed = false } = {},
): void {
  const pending = pendingPath(path);
  try {
    writeNew(pending, content, isFlushed);
    if (mode !== PRIVATE_MODE) Deno.chmodSync(pending, mode);
    Deno.renameSync(pending, path);
  } catch (error) {
    ifThere(() => Deno.removeSync(pending));
    throw error;
  }
}

function writeNew(path: string, content: Uint8Array, isFlushed: boolean): void {
  using file = Deno.openSync(path, { ...NEW_FILE, write: true });
  for (let at = 0; at < content.length;) {
    at += file.writeSync(content.subarray(at));
  }
  if (isFlushed) file.syncDataSync();
}

/** A file beside its final path. Without {@linkcode rename} it is removed. */
export class PendingFile {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isRenamed = false;

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  static async create(path: string): Promise<PendingFile> {
    const pending = pendingPath(path);
    const file = await Deno.open(pending, { ...NEW_FILE, write: true });
    return new PendingFile(pending, file);
  }

  /** Copies the bytes, and writes once enough are collected. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#waiting.push(bytes.slice());
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes >= WRITE_BYTES) await this.#flush();
  }

  async #flush(): Promise<void> {
    const bytes = concatenate(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (let at = 0; at < bytes.length;) {
      at += await this.#file.write(bytes.subarray(at));
    }
  }

  /** SHA-256 of what was written, in hex. */
  async hash(): Promise<string> {
    await this.#flush();
    return await hashOf(this.#path);
  }

  /** Replaces whatever is at the path. */
  async rename(path: string, mode: number): Promise<void> {
    await this.#flush();
    if (mode !== PRIVATE_MODE) await Deno.chmod(this.#path, mode);
    await Deno.rename(this.#path, path);
    this.#isRenamed = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#file.close();
    if (!this.#isRenamed) await Deno.remove(this.#path);
  }
}

/** Copies are as private as their source. */
export function modeOfCopy(source: number | null | undefined): number {
  return source === null || source === undefined
    ? PRIVATE_MODE
    : source & READ_WRITE;
}

/**
 * Checks, before anything is sent, that a file can be written: creates and
 * removes one beside it.
 */
export function probe(path: string): void {
  const pending = pendingPath(path);
  Deno.writeFileSync(pending, new Uint8Array(0), NEW_FILE);
  Deno.removeSync(pending);
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

function pendingPath(path: string): string {
  return `${path}.${Math.random().toString(36).slice(2, 10)}.part`;
}

/** SHA-256 of a file in hex. */
export async function hashOf(path: string): Promise<string> {
  return (await sha256(await Deno.readFile(path))).toHex();
}
