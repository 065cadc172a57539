// Prepares a file for new entries after a start: makes its content durable, and
// cuts off an incomplete write (docs/storage.md).

import { dirname } from "node:path";
import { messageOf } from "../../program/errors.ts";
import { MAX_WRITE_BYTES } from "../commit_queue.ts";
import { isNoRoomError, isReadOnlyError, StorageError } from "../errors.ts";
import { createPrivateFile, type StoreFile, syncFolder } from "../held_file.ts";
import type { FileScan } from "./log_scan.ts";
import { readTail } from "./torn_tail.ts";

export interface FoundFile extends FileScan {
  path: string;
  file: StoreFile;
  fsync: boolean;
}

/** The repair of one file, in two steps, each done once. */
export class Repair {
  readonly #found: FoundFile;
  #isFlushed: boolean;
  #isDone = false;
  #running: Promise<void> | undefined;
  #problem: string | undefined;
  #tornBytes: number;
  #tornFile: string | undefined;

  constructor(found: FoundFile) {
    this.#found = found;
    this.#isFlushed = !found.fsync;
    this.#tornBytes = found.size - found.end.size;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Size of the torn tail, until it is cut off. */
  get tornBytes(): number {
    return this.#tornBytes;
  }

  /** The copy of the torn tail, once there is one. */
  get tornFile(): string | undefined {
    return this.#tornFile;
  }

  /** Why {@linkcode tryRun} has postponed the repair. */
  get problem(): string | undefined {
    return this.#problem;
  }

  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => this.#running = undefined);
    return this.#running;
  }

  /**
   * Completes the repair, or postpones it if the disk is full or read-only.
   * Throws any other error.
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
   * Makes the whole entries durable, if required. Throws a `StorageError` if
   * that fails.
   */
  async flush(): Promise<void> {
    if (this.#isFlushed) return;
    try {
      await this.run();
    } catch (cause) {
      // Perhaps only the torn tail is left to repair.
      if (this.#isFlushed) return;
      throw new StorageError(
        `Cannot flush the store to disk: ${messageOf(cause)}`,
        { cause },
      );
    }
  }

  async #run(): Promise<void> {
    const { path, file, end, size, fsync } = this.#found;
    if (!this.#isFlushed) {
      // A killed process may have left entries in the page cache only, and
      // repeated ones are answered with OK at once.
      await rewriteTail(path, end.size);
      await file.syncData();
      this.#isFlushed = true;
    }
    if (this.#tornBytes > 0) {
      const tail = await readTail(file, end.size, size);
      this.#tornFile ??= await saveTornTail(path, tail);
      await file.truncate(end.size);
      this.#tornBytes = 0;
    }
    if (end.size < size && fsync) await file.syncData();
    this.#isDone = true;
  }
}

/**
 * Rewrites the end of a file's first `size` bytes in place. A flush that failed
 * in an earlier process leaves pages that read back fine but that the system
 * considers flushed, so no later flush would write them to disk. Only the last
 * write, at most {@linkcode MAX_WRITE_BYTES}, may be unflushed. A read-only file
 * stays as it is.
 */
export async function rewriteTail(path: string, size: number): Promise<void> {
  using file = await openForWriting(path);
  if (!file) return;
  const start = Math.max(0, size - MAX_WRITE_BYTES);
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
    // The disk is full. A partial copy would not help.
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
