// Stores the batches of one connection.

import type { Batch } from "../bet/bet.ts";
import type { AppendLog } from "./append_log.ts";
import type { Commit, LatestCommits } from "./commit_queue.ts";
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
  readonly latest: LatestCommits;
  /** Why the files are no longer ours, if so. */
  loss: StorageError | undefined;
}

/**
 * Once a batch was not stored, all later batches of its connection are refused,
 * so that an agency's bets stay in the order of its file. A new connection may
 * send anything.
 */
export class FileWriter implements BatchWriter {
  readonly #parts: WriterParts;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  async append(batch: Batch): Promise<number> {
    const { log, index, draw, latest, loss } = this.#parts;
    if (loss) throw loss;
    const ranges = betRanges(batch);
    const bets = batch.betCount;
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
    if (latest.get(this)?.hasFailed) {
      throw new StorageError(
        "Cannot store batch: an earlier one of the same connection was not stored",
      );
    }
    const unclaimed = file.claimed.missing(missing);
    const commit = unclaimed.length === 0
      ? file.lastCommit!
      : this.#store(batch, file, unclaimed);
    latest.set(this, commit);
    await commit.settled;
    return bets - countIndexes(unclaimed);
  }

  [Symbol.dispose](): void {
    this.#parts.latest.delete(this);
  }

  /** Stores these bets of a batch: the only place that adds bets. */
  #store(batch: Batch, file: FileBets, ranges: readonly IndexRange[]): Commit {
    const { log, rows, index } = this.#parts;
    const { bytes, winners } = rows.format(batch, ranges, log.writeStart);
    const commit = log.append(bytes);
    index.claim(file, { ranges, winners }, commit);
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
