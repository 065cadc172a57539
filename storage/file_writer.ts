// Stores the batches of one connection.

import type { Batch } from "../bet/bet.ts";
import type { AppendLog } from "./append_log.ts";
import type { Commit } from "./commit_queue.ts";
import { BettingClosedError, StorageError } from "./errors.ts";
import type { FileDraw } from "./finished/file_draw.ts";
import type { RowFormatter } from "./format/row_formatter.ts";
import { betRanges, countIndexes, type IndexRange } from "./index_ranges.ts";
import type { BatchWriter } from "./store.ts";
import type { FileBets, StoreIndex } from "./store_index.ts";

/** What the writers of all connections share. */
export interface WriterParts {
  readonly log: AppendLog;
  readonly index: StoreIndex;
  readonly draw: FileDraw;
  readonly rows: RowFormatter;
  /** The writers that have sent batches and may send more. */
  readonly writers: Set<FileWriter>;
  /** Throws a `StorageError` if the files are no longer ours. */
  throwIfLost(): void;
}

/**
 * After a batch that was not stored, no later one of its connection is: an
 * agency's bets keep the order of its file. The failure ends with the
 * connection; the next one may send anything.
 */
export class FileWriter implements BatchWriter {
  readonly #parts: WriterParts;
  /** Number of batches that wait for their commit. */
  #waiting = 0;
  #hasFailed = false;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /**
   * True if every connection has exactly one batch in a commit of this many
   * entries: none of them sends more before its reply.
   */
  static doAllWait(
    writers: ReadonlySet<FileWriter>,
    entries: number,
  ): boolean {
    if (entries !== writers.size) return false;
    for (const writer of writers) if (writer.#waiting !== 1) return false;
    return true;
  }

  async append(batch: Batch): Promise<number> {
    const { log, index, draw, writers, throwIfLost } = this.#parts;
    throwIfLost();
    const ranges = betRanges(batch);
    const bets = countIndexes(ranges);
    const file = index.fileOf(batch);
    const missing = file.stored.missing(ranges);
    if (missing.length === 0) {
      await log.confirmStored();
      return bets;
    }
    if (draw.isBettingClosed) {
      await this.#refuseLate(batch, ranges);
      return bets;
    }
    log.throwIfEnded();
    if (this.#hasFailed) {
      throw new StorageError(
        "Cannot store batch: an earlier one of the same connection was not stored",
      );
    }
    writers.add(this);
    const unclaimed = file.claimed.missing(missing);
    const commit = unclaimed.length === 0
      ? file.lastCommit!
      : this.#store(batch, file, unclaimed);
    this.#waiting++;
    commit.onSettled((error) => {
      this.#waiting--;
      if (error) this.#hasFailed = true;
    });
    await commit.committed;
    return bets - countIndexes(unclaimed);
  }

  [Symbol.dispose](): void {
    this.#parts.writers.delete(this);
  }

  /** Stores these bets of a batch: the only place that adds bets. */
  #store(batch: Batch, file: FileBets, ranges: readonly IndexRange[]): Commit {
    const { log, rows, index } = this.#parts;
    const { bytes, winners } = rows.format(batch, ranges, log.writeStart);
    const commit = log.append(bytes);
    index.addCommitted(file, { ranges, winners }, commit);
    return commit;
  }

  /** Refuses a batch after the draw, unless all of it is stored. */
  async #refuseLate(
    batch: Batch,
    ranges: readonly IndexRange[],
  ): Promise<void> {
    const { draw, index } = this.#parts;
    await draw.holdIfDue();
    if (index.fileOf(batch).stored.missing(ranges).length === 0) return;
    throw new BettingClosedError();
  }
}
