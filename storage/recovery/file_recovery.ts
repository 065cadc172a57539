/**
 * What a start does with the file of bets (docs/storage.md): reads it, cuts off
 * what a crash left half written, and makes the rest durable.
 *
 * @module
 */

import { scanStore } from "./scan.ts";
import type { StoreFile } from "../store_file.ts";
import { StoreIndex } from "../store_index.ts";
import { readTornTail, rewriteTail, saveTornTail } from "./torn_tail.ts";

/** What the store contained when it was opened. */
export interface Recovery {
  /** Number of bets in whole batches. */
  bets: number;
  /** Number of whole batches. */
  batches: number;
  /** Size of the torn tail that was cut off. It was never acknowledged. */
  discardedBytes: number;
  /** The copy of the torn tail, if there was one. */
  tornFile?: string;
}

/** The file of bets after a start. */
export interface RecoveredFile {
  /** What it has. */
  index: StoreIndex;
  /** Its size in bytes, all of it committed. */
  size: number;
  /** What was found. */
  recovery: Recovery;
}

/**
 * Recovers the file of bets.
 *
 * @param path Its path.
 * @param file The file, open and locked.
 * @param fsync Whether what it has must be on disk.
 * @returns The file's content and size.
 * @throws {DamagedStoreError} If it is damaged. It is left unchanged.
 */
export async function recoverFile(
  path: string,
  file: StoreFile,
  fsync: boolean,
): Promise<RecoveredFile> {
  const index = new StoreIndex();
  const { committedSize, size } = await scanStore(
    file,
    (batch) => index.addStored(batch),
  );
  let tornFile: string | undefined;
  if (committedSize < size) {
    const tail = await readTornTail(file, committedSize, size);
    tornFile = await saveTornTail(path, tail);
    await file.truncate(committedSize);
  }
  // A killed process may have left batches in the page cache only, and a
  // repetition of them is answered with OK at once.
  if (fsync) {
    await rewriteTail(path, committedSize);
    await file.syncData();
  }
  const recovery = {
    bets: index.bets,
    batches: index.batches,
    discardedBytes: size - committedSize,
    ...(tornFile === undefined ? {} : { tornFile }),
  };
  return { index, size: committedSize, recovery };
}
