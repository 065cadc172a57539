// Opens the files of a store, each locked by one process.

import { dirname } from "node:path";
import { messageOf } from "../program/errors.ts";
import { isReadOnlyError, isSystemError } from "./errors.ts";

const OWNER_ONLY = 0o600;
const OWNER_AND_GROUP = 0o660;
const GROUP_WRITES = 0o020;

/** The operations of a file that is only read. */
export type ReadableFile = Pick<Deno.FsFile, "read" | "seek" | "stat">;

/** The operations of a file that the store uses. Tests inject faults here. */
export interface StoreFile extends ReadableFile, Pick<Deno.FsFile, "truncate"> {
  /**
   * Flushes written data to disk. With `isInPlace` this thread waits, which is
   * faster than switching to another one and back if there is nothing else to
   * do.
   */
  syncData(isInPlace?: boolean): void | Promise<void>;

  /**
   * Says what has happened to the file if the path no longer leads to it, or if
   * it has another size than the expected one, which is `undefined` while a
   * write changes it.
   */
  findLoss(expectedSize?: number): string | undefined;

  /** Appends some of the bytes, and returns how many. */
  write(bytes: Uint8Array): number | Promise<number>;
}

/** Another process holds the store. */
export class StoreHeldError extends Error {
  /** `holder` is the process that has locked the file at `path`. */
  constructor(path: string, holder: string) {
    super(
      `Cannot open store ${
        JSON.stringify(path)
      }: it is held by ${holder}; stop it, or choose another store`,
    );
    this.name = "StoreHeldError";
  }
}

/** A file that is locked until it is released. */
export interface HeldFile {
  /** The file, read from its start and written at its end. */
  file: StoreFile;
  release(): Promise<void>;
}

/**
 * Opens and locks a file of the store, and creates it if it does not exist. The
 * operating system holds the lock, so it cannot outlive a killed process;
 * `<path>.pid` is only a note. Throws a `StoreHeldError` if another process
 * holds the file, `NotFound` if its folder does not exist.
 */
export async function holdFile(path: string): Promise<HeldFile> {
  const { file, refusal } = await openForAppending(path);
  const note = noteOf(path);
  try {
    if (!await file.tryLock(true)) throw await heldError(path);
    if (!refusal) await syncFolder(dirname(path));
    await writeNote(note);
  } catch (error) {
    await closeLocked(file);
    throw error;
  }
  return {
    file: storeFile(path, file, await file.stat(), refusal),
    async release(): Promise<void> {
      try {
        await removeNote(note);
      } finally {
        await closeLocked(file);
      }
    },
  };
}

/**
 * Opens a file even if it is read-only: its content can still be read. Also
 * returns why it cannot be written to, if so.
 */
async function openForAppending(
  path: string,
): Promise<{ file: Deno.FsFile; refusal?: Error }> {
  try {
    return { file: await openOrCreate(path) };
  } catch (refusal) {
    if (!isReadOnlyError(refusal) || !await exists(path)) throw refusal;
    return { file: await Deno.open(path, { read: true }), refusal };
  }
}

/**
 * A child process that is just being started has a copy of the open file, so
 * closing it would not release the lock at once.
 */
export async function closeLocked(file: Deno.FsFile): Promise<void> {
  try {
    await file.unlock();
  } finally {
    file.close();
  }
}

async function openOrCreate(path: string): Promise<Deno.FsFile> {
  if (!await exists(path)) (await createPrivateFile(path)).close();
  return await Deno.open(path, { read: true, append: true });
}

/**
 * Creates a file for writing; fails if it exists. The owner may read it, and the
 * folder's group if it may write to the folder, so that several users and
 * containers can share a store. Nobody else may read bets.
 */
export async function createPrivateFile(path: string): Promise<Deno.FsFile> {
  const file = await Deno.open(path, {
    write: true,
    createNew: true,
    mode: OWNER_ONLY,
  });
  try {
    await shareWithGroup(path);
  } catch (error) {
    file.close();
    throw error;
  }
  return file;
}

/** Gives the group the rights that it has on the folder. */
async function shareWithGroup(path: string): Promise<void> {
  const { mode } = await Deno.stat(dirname(path));
  // The mode is null on Windows, where rights are inherited from the folder.
  if (mode === null || (mode & GROUP_WRITES) === 0) return;
  await Deno.chmod(path, OWNER_AND_GROUP);
}

export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Notes who holds a file. Failures are ignored, for example on a full disk: the
 * note is only informative.
 */
async function writeNote(note: string): Promise<void> {
  await removeNote(note);
  try {
    using file = await createPrivateFile(note);
    await file.write(new TextEncoder().encode(`${Deno.pid}\n`));
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/** Removes a note, unless it is missing or the folder is read-only. */
async function removeNote(note: string): Promise<void> {
  try {
    await Deno.remove(note);
  } catch (error) {
    const isExpected = error instanceof Deno.errors.NotFound ||
      isReadOnlyError(error);
    if (!isExpected) throw error;
  }
}

/**
 * Writes and checks the file synchronously: both take microseconds, less than
 * switching threads.
 */
function storeFile(
  path: string,
  file: Deno.FsFile,
  opened: Deno.FileInfo,
  refusal: Error | undefined,
): StoreFile {
  return {
    read: (into) => file.read(into),
    write(bytes): number {
      if (refusal) throw refusal;
      return file.writeSync(bytes);
    },
    seek: (offset, whence) => file.seek(offset, whence),
    truncate: (size) => file.truncate(size),
    syncData: (isInPlace) => isInPlace ? file.syncDataSync() : file.syncData(),
    stat: () => file.stat(),
    /** Checks the path: the open file does not show that it was renamed. */
    findLoss(expectedSize): string | undefined {
      try {
        const { ino, dev, size } = Deno.statSync(path);
        if (ino !== opened.ino || dev !== opened.dev) {
          return `another file has the name "${path}" now`;
        }
        return expectedSize === undefined || size === expectedSize
          ? undefined
          : `"${path}" has ${size} bytes, not the ${expectedSize} that were written`;
      } catch (error) {
        return messageOf(error);
      }
    },
  };
}

function noteOf(path: string): string {
  return `${path}.pid`;
}

export async function heldError(path: string): Promise<StoreHeldError> {
  return new StoreHeldError(path, await readHolder(noteOf(path)));
}

async function readHolder(note: string): Promise<string> {
  try {
    const holder = (await Deno.readTextFile(note)).trim();
    // A full disk has no room for the note.
    return holder === "" ? "another process" : `process ${holder}`;
  } catch (error) {
    // The lock is so new that the note is not written yet.
    if (error instanceof Deno.errors.NotFound) return "another process";
    throw error;
  }
}

/** Makes new files' names durable by flushing their folder. */
export async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return; // Folders cannot be opened there.
  using directory = await Deno.open(path, { read: true });
  await directory.sync();
}
