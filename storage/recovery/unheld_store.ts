// Reads a store that no central holds, and changes nothing: checks it, or gives
// its bets.

import type { Batch } from "../../bet/bet.ts";
import { DamagedStoreError, StoreMismatchError } from "../errors.ts";
import { finishedPath, type FinishState } from "../finished/finish_state.ts";
import { readStoredBatch, rowsText, toBatch } from "../format/stored_batch.ts";
import { closeLocked, exists, heldError } from "../held_file.ts";
import { StoreIndex } from "../store_index.ts";
import { type FileScan, type LogEntry, LogScan } from "./log_scan.ts";
import { type ReadableStore, scanStore } from "./store_scan.ts";

/** What a store holds, up to the first bad byte if there is one. */
export interface StoreReport {
  /** In whole batches. */
  bets: number;
  batches: number;
  /** Number of agencies with bets. */
  agencies: number;
  /** Agencies that have finished; 0 if the finished file cannot be read. */
  finished: number;
  /** The draw's number of agencies, if it is held. */
  drawAgencies?: number | undefined;
  fault?: StoreFault | undefined;
}

export interface StoreFault {
  /** Offset of the first bad byte in its file, if there is one. */
  byteOffset?: number;
  /** One human-readable line. */
  problem: string;
}

/**
 * Checks a store as the central does at startup: every commit mark, that no bet
 * is there twice, and that its two files belong together. Throws a
 * `StoreHeldError` if a central holds it, `NotFound` if it does not exist.
 */
export async function verifyStore(path: string): Promise<StoreReport> {
  await using files = await openFiles(path);
  const index = new StoreIndex();
  let state: FinishState | undefined;
  let fault: StoreFault | undefined;
  try {
    const scan = await scanStore(files, (batch) => index.addStored(batch));
    state = scan.state;
    fault = tornFault(path, scan.bets) ??
      tornFault(finishedPath(path), scan.finished);
  } catch (error) {
    fault = faultOf(error);
  }
  return {
    bets: index.bets,
    batches: index.batches,
    agencies: index.agencyBets.size,
    finished: state?.agencies.size ?? 0,
    drawAgencies: state?.drawAgencies,
    fault,
  };
}

/**
 * Reads the bets of a store as CSV without commit marks, batch by batch, in
 * constant memory. A torn tail is left out. Throws a `StoreHeldError` if a
 * central holds it, a `DamagedStoreError` or `StoreMismatchError` if it is not
 * good, and so do the following.
 */
export function exportStore(path: string): AsyncGenerator<string> {
  return readEntries(path, rowsText);
}

/** Reads the batches of a store as they were stored, with gaps. */
export function readBatches(path: string): AsyncGenerator<Batch> {
  return readEntries(
    path,
    (entry) => toBatch(entry, readStoredBatch(entry)!),
  );
}

/** Reads who has finished, and the draw. */
export async function readFinished(
  path: string,
): Promise<Pick<FinishState, "agencies" | "drawAgencies">> {
  await using files = await openFiles(path);
  const { state } = await scanStore(files, () => undefined);
  return state;
}

async function* readEntries<T>(
  path: string,
  read: (entry: LogEntry) => T,
): AsyncGenerator<T> {
  await using files = await openFiles(path);
  await scanStore(files, () => undefined);
  for await (const entries of new LogScan(files.bets).windows()) {
    for (const entry of entries) yield read(entry);
  }
}

/** Opens both files for reading, and keeps others from locking them. */
async function openFiles(
  path: string,
): Promise<ReadableStore & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const bets = await openShared(path, stack);
  const finished = finishedPath(path);
  const files = {
    path,
    bets,
    finished: await exists(finished)
      ? await openShared(finished, stack)
      : undefined,
  };
  const locks = stack.move();
  return { ...files, [Symbol.asyncDispose]: () => locks.disposeAsync() };
}

async function openShared(
  path: string,
  stack: AsyncDisposableStack,
): Promise<Deno.FsFile> {
  const file = await Deno.open(path, { read: true });
  stack.defer(() => closeLocked(file));
  // A shared lock: several processes may read at once.
  if (!await file.tryLock(false)) throw await heldError(path);
  return file;
}

function tornFault(
  path: string,
  { end, size }: FileScan,
): StoreFault | undefined {
  if (end.size === size) return undefined;
  return {
    byteOffset: end.size,
    problem: `Cannot trust "${path}" after byte ${end.size}: a torn tail of ${
      size - end.size
    } bytes, never acknowledged; the central saves a copy and cuts it off when it starts`,
  };
}

function faultOf(error: unknown): StoreFault {
  if (error instanceof DamagedStoreError) {
    return { byteOffset: error.byteOffset, problem: error.message };
  }
  if (error instanceof StoreMismatchError) return { problem: error.message };
  throw error;
}
