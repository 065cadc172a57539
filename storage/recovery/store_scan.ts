// Reads both files of a store and checks that they are whole and belong
// together. Changes nothing.

import { StoreMismatchError } from "../errors.ts";
import { FinishState } from "../finished/finish_state.ts";
import { parseRecord } from "../finished/finish_record.ts";
import { readStoredBatch, type StoredBatch } from "../format/stored_batch.ts";
import type { LogEnd } from "../format/seal.ts";
import type { ReadableFile } from "../files/store_file.ts";
import { type LogEntry, LogScan } from "./log_scan.ts";

/** How far a file's whole entries reach. */
export interface FileScan {
  end: LogEnd;
  /** Its size in bytes, including a torn tail. */
  size: number;
}

export interface StoreFiles<File extends ReadableFile = ReadableFile> {
  path: string;
  bets: File;
  finished: File | undefined;
}

export interface StoreScan {
  bets: FileScan;
  finished: FileScan;
  state: FinishState;
}

const DECODER = new TextDecoder();

export function finishedPath(path: string): string {
  return `${path}.finished`;
}

/**
 * Reads both files. `onBatch` is called for each whole batch in order, and
 * returns what is wrong with it, if anything. Throws a `DamagedStoreError` if a
 * file is damaged, a `StoreMismatchError` if they do not belong together.
 */
export async function scanStore(
  { path, bets, finished }: StoreFiles,
  onBatch: (batch: StoredBatch, entry: LogEntry) => string | undefined,
): Promise<StoreScan> {
  const { state, ...finishedScan } = await scanFinished(path, finished);
  const check = state.checkBets(path);
  const betsScan = await scanBets(bets, {
    flushedSize: check.flushedSize,
    onBatch(batch, entry) {
      const size = entry.byteOffset + entry.bytes.length;
      if (!state.isEmpty) check.onBatch({ ...batch, size });
      return onBatch(batch, entry);
    },
  });
  if (state.isEmpty && betsScan.size > 0) {
    throw unknownOrigin(path, finished, betsScan.end.size > 0);
  }
  check.onEnd(betsScan.end, betsScan.size);
  return { bets: betsScan, finished: finishedScan, state };
}

async function scanBets(
  file: ReadableFile,
  { flushedSize, onBatch }: {
    flushedSize: number;
    onBatch: (batch: StoredBatch, entry: LogEntry) => string | undefined;
  },
): Promise<FileScan> {
  const scan = new LogScan(file, { flushedSize });
  for await (const entry of scan.entries()) {
    const batch = readStoredBatch(entry);
    const problem = batch
      ? onBatch(batch, entry)
      : "its mark does not describe its rows";
    if (problem) throw scan.damage(entry.byteOffset, problem);
  }
  const size = await scan.checkRest();
  return { end: scan.end, size };
}

async function scanFinished(
  path: string,
  file: ReadableFile | undefined,
): Promise<FileScan & { state: FinishState }> {
  const state = new FinishState();
  if (!file) return { state, end: { size: 0, write: 0, crc: 0 }, size: 0 };
  const scan = new LogScan(file, { name: `"${finishedPath(path)}"` });
  for await (const { bytes, byteOffset } of scan.entries()) {
    const line = DECODER.decode(bytes.subarray(0, -1));
    const record = parseRecord(line);
    // Not the line: in a file that is swapped for the bets file it has bets.
    if (!record) throw scan.damage(byteOffset, "it is not a record");
    const problem = state.add(record);
    if (problem) throw scan.damage(byteOffset, `"${line}": ${problem}`);
  }
  const size = await scan.checkRest();
  return { state, end: scan.end, size };
}

function unknownOrigin(
  path: string,
  finished: ReadableFile | undefined,
  hasBets: boolean,
): StoreMismatchError {
  const state = finished ? "has no record" : "is not there";
  const other = hasBets ? "has bets" : "has no whole batch, or is not a store";
  return new StoreMismatchError(
    `"${
      finishedPath(path)
    }" ${state}, but "${path}" ${other}; restore both from one backup`,
  );
}
