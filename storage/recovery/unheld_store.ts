/**
 * Reads a store that no central holds, and changes nothing: checks it, or gives
 * its bets.
 *
 * @module
 */

import { withoutMark } from "../commit_mark.ts";
import { DamagedStoreError, scanStore, type StoredBatch } from "./scan.ts";
import { heldError } from "../store_file.ts";
import { StoreIndex } from "../store_index.ts";

const CHUNK_BYTES = 1 << 18;

/** What a store holds, up to the first bad byte if there is one. */
export interface StoreReport {
  /** Bets in whole batches. */
  bets: number;
  /** Whole batches. */
  batches: number;
  /** Agencies that they are of. */
  agencies: number;
  /** The first bad byte's offset in the file, and what is wrong, for people. */
  fault?: { byteOffset: number; problem: string };
}

/**
 * Checks a store as the central does when it starts: every mark, and that no bet
 * is there twice.
 *
 * @param path The file of bets.
 * @returns What is in it.
 * @throws {StoreHeldError} If a central holds it.
 * @throws {Deno.errors.NotFound} If it does not exist.
 */
export async function verifyStore(path: string): Promise<StoreReport> {
  using file = await openUnheldFile(path);
  const index = new StoreIndex();
  const agencies = new Set<number>();
  const fault = await findFault(file, (batch) => {
    index.addStored(batch);
    agencies.add(batch.agency);
  });
  const { bets, batches } = index;
  const report = { bets, batches, agencies: agencies.size };
  return fault ? { ...report, fault } : report;
}

/**
 * Reads the bets of a store as CSV without commit marks, in constant memory. A
 * torn tail is left out.
 *
 * @param path The file of bets.
 * @returns Text with whole lines, piece by piece.
 * @throws {StoreHeldError} If a central holds it.
 * @throws {DamagedStoreError} If it is damaged.
 */
export async function* exportStore(path: string): AsyncGenerator<string> {
  using file = await openUnheldFile(path);
  const { committedSize } = await scanStore(file, () => {});
  await file.seek(0, Deno.SeekMode.Start);
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(CHUNK_BYTES);
  let rest = "";
  for (let left = committedSize; left > 0;) {
    const read = await file.read(chunk.subarray(0, left));
    if (read === null) break;
    left -= read;
    rest += decoder.decode(chunk.subarray(0, read), { stream: true });
    const end = rest.lastIndexOf("\n") + 1;
    yield rest.slice(0, end).split("\n").map(withoutMark).join("\n");
    rest = rest.slice(end);
  }
}

/**
 * Opens a file of the store for reading, and keeps others from locking it.
 * Changes nothing on disk.
 *
 * @param path The file.
 * @returns The file, at its start.
 * @throws {StoreHeldError} If a process holds it.
 * @throws {Deno.errors.NotFound} If it does not exist.
 */
export async function openUnheldFile(path: string): Promise<Deno.FsFile> {
  const file = await Deno.open(path, { read: true });
  try {
    // A shared lock: several processes may read at once.
    if (!await file.tryLock(false)) throw await heldError(path);
  } catch (error) {
    file.close();
    throw error;
  }
  return file;
}

async function findFault(
  file: Deno.FsFile,
  onBatch: (batch: StoredBatch) => void,
): Promise<StoreReport["fault"]> {
  try {
    const { committedSize, size } = await scanStore(file, onBatch);
    if (committedSize === size) return undefined;
    const tail = `a torn tail of ${size - committedSize} bytes`;
    return {
      byteOffset: committedSize,
      problem:
        `Cannot trust store after byte ${committedSize}: ${tail}, never acknowledged; the central saves a copy and cuts it off when it starts`,
    };
  } catch (error) {
    if (!(error instanceof DamagedStoreError)) throw error;
    return { byteOffset: error.byteOffset, problem: error.message };
  }
}
