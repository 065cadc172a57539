// Reads both files of a store and checks that they are whole and belong
// together. Changes nothing.

import { StoreMismatchError } from "../errors.ts";
import { FinishState } from "../finished/finish_state.ts";
import { parseRecord } from "../finished/finish_record.ts";
import { readStoredBatch, type StoredBatch } from "../format/stored_batch.ts";
import { EMPTY_END, type LogEnd } from "../format/seal.ts";
import type { ReadableFile } from "../held_file.ts";
import { LogScan } from "./log_scan.ts";

/** How far a file's whole entries reach. */
export interface FileScan {
  end: LogEnd;
  /** Its size in bytes, including a torn tail. */
  size: number;
}

/** Both files of a store, of which the finished file may be missing. */
export interface ReadableStore {
  path: string;
  bets: ReadableFile;
  finished: ReadableFile | undefined;
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
  { path, bets, finished }: ReadableStore,
  onBatch: (batch: StoredBatch) => string | undefined,
): Promise<StoreScan> {
  const { state, ...finishedScan } = await scanFinished(path, finished);
  const check = state.checkBets(path);
  const scan = new LogScan(bets, { flushedSize: check.flushedSize });
  for await (const entries of scan.windows()) {
    for (const entry of entries) {
      const batch = readStoredBatch(entry);
      if (batch && !state.isEmpty) check.onBatch(scan.end);
      const problem = batch
        ? onBatch(batch)
        : "its mark does not describe its rows";
      if (problem) throw scan.damage(entry.byteOffset, problem);
    }
  }
  const size = await scan.checkRest();
  const { end } = scan;
  if (state.isEmpty && size > 0) {
    throw unknownOrigin(path, finished, end.size > 0);
  }
  check.onEnd(end, size);
  return { bets: { end, size }, finished: finishedScan, state };
}

async function scanFinished(
  path: string,
  file: ReadableFile | undefined,
): Promise<FileScan & { state: FinishState }> {
  const state = new FinishState();
  if (!file) return { state, end: EMPTY_END, size: 0 };
  const scan = new LogScan(file, { name: `"${finishedPath(path)}"` });
  for await (const entries of scan.windows()) {
    for (const { bytes, byteOffset } of entries) {
      const line = DECODER.decode(bytes.subarray(0, -1));
      const record = parseRecord(line);
      // Not the line: in a file that is swapped for the bets file it has bets.
      if (!record) throw scan.damage(byteOffset, "it is not a record");
      const problem = state.add(record);
      if (problem) throw scan.damage(byteOffset, `"${line}": ${problem}`);
    }
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
