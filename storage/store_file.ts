/**
 * The files that a store stands on, each held by one process at a time.
 *
 * @module
 */

import { dirname } from "node:path";

/** What the store asks of a file; a test may pass one that fails. */
export interface StoreFile extends
  Pick<
    Deno.FsFile,
    "read" | "seek" | "truncate" | "syncData" | "stat" | "close"
  > {
  /**
   * Writes some of the bytes at the end.
   *
   * @param bytes What to write.
   * @returns How many were taken.
   */
  write(bytes: Uint8Array): number | Promise<number>;
}

/** Another process holds the store. */
export class StoreHeldError extends Error {
  /**
   * Creates the error.
   *
   * @param path The file that is held.
   * @param holder Who holds it, for people.
   */
  constructor(path: string, holder: string) {
    super(`Cannot open store ${JSON.stringify(path)}: it is held by ${holder}`);
    this.name = "StoreHeldError";
  }
}

/** A file that no other process can hold until it is closed. */
export interface HeldFile {
  /** The file, to be read from its start and appended to. */
  file: StoreFile;
  /** Closes the file and lets go of it. */
  release(): Promise<void>;
}

/**
 * Opens a file of the store, made if it is not there, and takes its lock. The
 * lock is the operating system's, so that it cannot outlive a killed process;
 * `<path>.pid` beside it only says to people who holds it.
 *
 * @param path The file.
 * @returns The file, held.
 * @throws {StoreHeldError} If another process holds it.
 * @throws {Deno.errors.NotFound} If its directory is not there.
 */
export async function holdFile(path: string): Promise<HeldFile> {
  const file = await Deno.open(path, {
    read: true,
    append: true,
    create: true,
  });
  const note = noteOf(path);
  try {
    if (!await file.tryLock(true)) throw await heldError(path);
    await syncDirectory(dirname(path));
    await Deno.writeTextFile(note, `${Deno.pid}\n`);
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    file: storeFile(file),
    async release(): Promise<void> {
      await Deno.remove(note);
      file.close();
    },
  };
}

/**
 * Opens a file of the store only to read it, and keeps it from being held
 * until it is closed. Nothing on disk is changed.
 *
 * @param path The file.
 * @returns The file, at its start.
 * @throws {StoreHeldError} If a process holds it.
 * @throws {Deno.errors.NotFound} If it is not there.
 */
export async function openUnheldFile(path: string): Promise<Deno.FsFile> {
  const file = await Deno.open(path, { read: true });
  try {
    // Shared: two may read it at once.
    if (!await file.tryLock(false)) throw await heldError(path);
  } catch (error) {
    file.close();
    throw error;
  }
  return file;
}

/**
 * A write goes to the page cache and takes microseconds; handing it to another
 * thread takes longer than the write, and half as many bets came through.
 */
function storeFile(file: Deno.FsFile): StoreFile {
  return {
    read: (into) => file.read(into),
    write: (bytes) => file.writeSync(bytes),
    seek: (offset, whence) => file.seek(offset, whence),
    truncate: (size) => file.truncate(size),
    syncData: () => file.syncData(),
    stat: () => file.stat(),
    close: () => file.close(),
  };
}

function noteOf(path: string): string {
  return `${path}.pid`;
}

async function heldError(path: string): Promise<StoreHeldError> {
  return new StoreHeldError(path, await readHolder(noteOf(path)));
}

async function readHolder(note: string): Promise<string> {
  try {
    return `process ${(await Deno.readTextFile(note)).trim()}`;
  } catch (error) {
    // Taken a moment ago, and not noted yet.
    if (error instanceof Deno.errors.NotFound) return "another process";
    throw error;
  }
}

/** A new file's name is durable only once its directory is. */
async function syncDirectory(path: string): Promise<void> {
  if (Deno.build.os === "windows") return; // directories cannot be opened
  using directory = await Deno.open(path, { read: true });
  await directory.sync();
}
