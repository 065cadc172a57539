/**
 * Makes a file ready for new entries after a start: makes what it has durable,
 * and cuts off what a crash left half written (docs/storage.md).
 *
 * @module
 */

import { dirname } from "node:path";
import { messageOf } from "../../program/errors.ts";
import { StorageError } from "../errors.ts";
import { createPrivateFile } from "../files/private_file.ts";
import { type StoreFile, syncFolder } from "../files/store_file.ts";
import { isNoRoomError, isReadOnlyError } from "../files/system_errors.ts";
import { MAX_TORN_BYTES, readTail } from "./torn_tail.ts";

/** A file as it was found. */
export interface FoundFile {
  path: string;
  /** The file, open and locked. */
  file: StoreFile;
  /** Size of its whole entries in bytes. */
  committedSize: number;
  /** Its size in bytes, with a torn tail. */
  size: number;
  /** Whether what it has must be on disk. */
  fsync: boolean;
}

/** The repair of one file, in two steps, each done once. */
export class Repair {
  readonly #found: FoundFile;
  #isFlushed = false;
  #isDone = false;
  #running: Promise<void> | undefined;
  #problem: string | undefined;
  #tornFile: string | undefined;

  constructor(found: FoundFile) {
    this.#found = found;
    this.#isFlushed = !found.fsync;
    this.#isDone = this.#isFlushed && found.committedSize === found.size;
  }

  /** Whether entries may be appended. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Size of the torn tail, until it is cut off. */
  get tornBytes(): number {
    const { size, committedSize } = this.#found;
    return this.#isDone ? 0 : size - committedSize;
  }

  /** The copy of the torn tail, once there is one. */
  get tornFile(): string | undefined {
    return this.#tornFile;
  }

  /** Why {@linkcode tryRun} did not do it. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Does what is left to do. */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => this.#running = undefined);
    return this.#running;
  }

  /**
   * Does the same if the disk has room; else it is left for later.
   *
   * @throws Any error but a lack of room or permission.
   */
  async tryRun(): Promise<void> {
    try {
      await this.run();
    } catch (error) {
      if (!isNoRoomError(error)) throw error;
      this.#problem = `Cannot write to "${this.#found.path}": ${error.message}`;
    }
  }

  /**
   * Makes sure that the whole entries are durable, as far as they have to be.
   *
   * @throws {StorageError} If they are not.
   */
  async flush(): Promise<void> {
    if (this.#isFlushed) return;
    try {
      await this.run();
    } catch (cause) {
      // Perhaps only the torn tail is left.
      if (this.#isFlushed) return;
      throw new StorageError(
        `Cannot flush the store to disk: ${messageOf(cause)}`,
        { cause },
      );
    }
  }

  async #run(): Promise<void> {
    const { path, file, committedSize, size, fsync } = this.#found;
    if (!this.#isFlushed) {
      // A killed process may have left entries in the page cache only, and a
      // repetition of them is answered with OK at once.
      await rewriteTail(path, committedSize);
      await file.syncData();
      this.#isFlushed = true;
    }
    if (this.#isDone) return;
    if (committedSize < size) {
      const tail = await readTail(file, committedSize, size);
      this.#tornFile ??= await saveTornTail(path, tail);
      await file.truncate(committedSize);
      if (fsync) await file.syncData();
    }
    this.#isDone = true;
  }
}

/**
 * Writes the last bytes of a file again, where they are. A flush that failed in
 * an earlier process leaves pages that read back fine but that the system takes
 * for flushed, so that no later flush would bring them to the disk. A file that
 * cannot be written to stays as it is.
 *
 * @param path The file. Only its last write may be unflushed, which is at most
 * {@linkcode MAX_TORN_BYTES} long.
 * @param size Size of what is written again.
 */
export async function rewriteTail(path: string, size: number): Promise<void> {
  using file = await openForWriting(path);
  if (!file) return;
  const start = Math.max(0, size - MAX_TORN_BYTES);
  const tail = await readTail(file, start, size);
  await file.seek(start, Deno.SeekMode.Start);
  await writeAll(file, tail);
}

async function openForWriting(path: string): Promise<Deno.FsFile | undefined> {
  try {
    return await Deno.open(path, { read: true, write: true });
  } catch (error) {
    if (isReadOnlyError(error)) return undefined;
    throw error;
  }
}

/** Copies the torn tail to `<path>.torn-<time>`, durably. */
async function saveTornTail(path: string, tail: Uint8Array): Promise<string> {
  const time = new Date().toISOString().replace(/[-:]/g, "");
  const copy = `${path}.torn-${time}`;
  using file = await createPrivateFile(copy);
  try {
    await writeAll(file, tail);
    await file.sync();
  } catch (error) {
    // The disk is full. A copy of a part would not help.
    await Deno.remove(copy);
    throw error;
  }
  await syncFolder(dirname(copy));
  return copy;
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await file.write(bytes.subarray(at));
  }
}
