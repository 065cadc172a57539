// Reads both files of a store and checks that they are whole and belong
// together. Changes nothing.

import { StoreMismatchError } from "../errors.ts";
import {
  BetsCheck,
  finishedPath,
  FinishState,
} from "../finished/finish_state.ts";
import { parseRecord } from "../finished/finish_record.ts";
import { readStoredBatch, type StoredBatch } from "../format/stored_batch.ts";
import { EMPTY_END } from "../format/seal.ts";
import type { ReadableFile } from "../held_file.ts";
import { type FileScan, LogScan } from "./log_scan.ts";

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

/**
 * Reads both files. `onBatch` is called for each whole batch in order, and
 * returns what is wrong with it, if anything. Throws a `DamagedStoreError` if a
 * file is damaged, a `StoreMismatchError` if they do not belong together.
 */
export async function scanStore(
  { path, bets, finished }: ReadableStore,
  onBatch: (batch: StoredBatch) => string | undefined,
): Promise<StoreScan> {
  const state = new FinishState();
  const finishedScan = finished
    ? await scanFinished(path, finished, state)
    : { end: EMPTY_END, size: 0 };
  const check = new BetsCheck(path, state);
  const scan = new LogScan(bets, { flushedSize: check.flushedSize });
  const betsScan = await scan.run((entry) => {
    const batch = readStoredBatch(entry);
    if (!batch) return "its mark does not describe its rows";
    check.onBatch(scan.end);
    return onBatch(batch);
  });
  const { end, size } = betsScan;
  if (state.records.length === 0 && size > 0) {
    throw unknownOrigin(path, finished, end.size > 0);
  }
  check.onEnd(end, size);
  return { bets: betsScan, finished: finishedScan, state };
}

async function scanFinished(
  path: string,
  file: ReadableFile,
  state: FinishState,
): Promise<FileScan> {
  const scan = new LogScan(file, { name: `"${finishedPath(path)}"` });
  return await scan.run(({ bytes }) => {
    const line = DECODER.decode(bytes.subarray(0, -1));
    const record = parseRecord(line);
    // Not the line: in a file that is swapped for the bets file it has bets.
    if (!record) return "it is not a record";
    const problem = state.add(record);
    return problem && `"${line}": ${problem}`;
  });
}

function unknownOrigin(
  path: string,
  finished: ReadableFile | undefined,
  hasBets: boolean,
): StoreMismatchError {
  const state = finished ? "has no record" : "is missing";
  const other = hasBets ? "has bets" : "has no whole batch, or is not a store";
  return new StoreMismatchError(
    `"${
      finishedPath(path)
    }" ${state}, but "${path}" ${other}; restore both from one backup`,
  );
}
