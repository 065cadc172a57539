// The store in files: the bets file, which is both the database and the export,
// and the finished file beside it. docs/storage.md specifies both formats.

import type { Batch } from "../bet/bet.ts";
import type { AppendLog } from "./append_log.ts";
import { BatchOrder } from "./batch_order.ts";
import type { Commit } from "./commit_group.ts";
import {
  BettingClosedError,
  IncompleteError,
  type StorageError,
} from "./errors.ts";
import type { FileDraw } from "./finished/file_draw.ts";
import type { FinishLog } from "./finished/finish_log.ts";
import { betRanges, countIndexes } from "./format/commit_mark.ts";
import { RowFormatter } from "./format/row_formatter.ts";
import type { IndexRange } from "./index_ranges.ts";
import {
  openStoreFiles,
  type Recovery,
  type StoreFiles,
  type StoreOptions,
} from "./recovery/store_files.ts";
import type {
  BatchWriter,
  ExpectedBets,
  Store,
  StoreDraw,
  StoreStats,
} from "./store.ts";
import type { FileBets, StoreIndex } from "./store_index.ts";
import {
  createParts,
  recordStart,
  statsOf,
  type StoreParts,
} from "./store_parts.ts";

/** How often the files are checked when no bets arrive. */
const WATCH_PERIOD_MS = 500;

/**
 * Holds every acknowledged bet exactly once. One process opens it at a time.
 */
export class FileStore implements Store, AsyncDisposable {
  readonly #files: StoreFiles;
  readonly #log: AppendLog;
  readonly #finishLog: FinishLog;
  readonly #index: StoreIndex;
  readonly #draw: FileDraw;
  readonly #orders: Set<BatchOrder>;
  readonly #rows = new RowFormatter();
  readonly #watch: ReturnType<typeof setInterval>;
  /** Set when the files are no longer ours. */
  #loss: StorageError | undefined;
  /**
   * Resolves if another program changes, replaces or removes a file of the
   * store while it is open. Then nothing can be stored or looked up.
   */
  readonly lost: Promise<StorageError>;
  /** What the store contains. */
  readonly stats: StoreStats;

  private constructor(parts: StoreParts) {
    this.#files = parts.files;
    this.#log = parts.log;
    this.#finishLog = parts.finishLog;
    this.#index = parts.files.index;
    this.#draw = parts.draw;
    this.#orders = parts.orders;
    this.lost = parts.lost;
    this.lost.then((loss) => this.#loss = loss);
    this.stats = statsOf(parts);
    this.#watch = setInterval(() => this.#checkFiles(), WATCH_PERIOD_MS);
  }

  /**
   * Opens a store, and creates it if it does not exist. Reads it once, and cuts
   * off incomplete writes.
   *
   * @param path The bets file. Its folder must exist.
   * @param options Durability, the draw, and hooks for tests.
   * @returns The store.
   * @throws {StoreHeldError} If another process holds it.
   * @throws {DamagedStoreError} If it is damaged. It is left unchanged.
   * @throws {StoreMismatchError} If its files do not belong together, or if its
   * draw was held with another number of agencies. It is left unchanged.
   */
  static async open(
    path: string,
    options: StoreOptions = {},
  ): Promise<FileStore> {
    const files = await openStoreFiles(path, options);
    try {
      const parts = createParts(files, options);
      await recordStart(parts);
      return new FileStore(parts);
    } catch (error) {
      await files.release();
      throw error;
    }
  }

  /** What the store contained when it was opened. */
  get recovery(): Recovery {
    return this.#files.recovery;
  }

  /** The draw. */
  get draw(): StoreDraw {
    return this.#draw;
  }

  /** Creates the writer of one connection. */
  writer(): BatchWriter {
    const order = new BatchOrder();
    return {
      append: (batch) => this.#append(batch, order),
      [Symbol.dispose]: () => {
        this.#orders.delete(order);
      },
    };
  }

  async #append(batch: Batch, order: BatchOrder): Promise<number> {
    if (this.#loss) throw this.#loss;
    const ranges = betRanges(batch);
    const bets = countIndexes(ranges);
    const file = this.#index.fileOf(batch);
    const missing = file.missing(ranges);
    if (missing.length === 0) {
      await this.#log.confirmStored();
      return bets;
    }
    if (this.#draw.isBettingClosed) {
      await this.#refuseLate(batch, ranges);
      return bets;
    }
    this.#log.throwIfEnded();
    order.throwIfFailed();
    this.#orders.add(order);
    const unclaimed = file.unclaimed(missing);
    const commit = unclaimed.length === 0
      ? file.lastCommit!
      : this.#store(batch, file, unclaimed);
    order.add(commit);
    await commit.committed;
    return bets - countIndexes(unclaimed);
  }

  /** Stores these bets of a batch: the only place that adds bets. */
  #store(batch: Batch, file: FileBets, ranges: readonly IndexRange[]): Commit {
    const { writeStart } = this.#log;
    const { bytes, winners } = this.#rows.format(batch, ranges, writeStart);
    const commit = this.#log.append(bytes);
    this.#index.addCommitted(file, { ranges, winners }, commit);
    return commit;
  }

  /** Refuses a batch after the draw, unless all of it is stored. */
  async #refuseLate(
    batch: Batch,
    ranges: readonly IndexRange[],
  ): Promise<void> {
    await this.#draw.holdIfDue();
    if (this.#index.fileOf(batch).missing(ranges).length === 0) return;
    throw new BettingClosedError();
  }

  /**
   * Records that an agency has no more bets. Holds the draw if it was the last:
   * rejects new bets, waits for those under way, and records the draw.
   *
   * @throws {IncompleteError} If some of the expected bets are not stored.
   * @throws {StorageError} If it cannot be recorded, or if only the next start
   * can tell what is stored. That holds the draw then.
   */
  async finish(agency: number, expected?: ExpectedBets): Promise<void> {
    if (this.#loss) throw this.#loss;
    if (expected) this.#throwIfIncomplete(agency, expected);
    const isRepeated = this.#finishLog.agencies.has(agency);
    await this.#finishLog.finish(agency);
    // If nothing more is accepted, the next start holds the draw.
    if (isRepeated && this.#log.hasEnded) return;
    await this.#draw.holdIfDue();
  }

  #throwIfIncomplete(
    agency: number,
    { fingerprint, records }: ExpectedBets,
  ): void {
    const stored = this.#index.countStored({ agency, fingerprint });
    if (stored >= records) return;
    throw new IncompleteError(agency, records - stored, records);
  }

  /** Returns the documents of an agency's winners, in the order stored. */
  winners(agency: number): readonly string[] {
    return this.#index.winners(agency);
  }

  /**
   * Waits until every appended batch is either stored or refused.
   *
   * @throws {StorageError} If that will only be known at the next start.
   */
  async whenIdle(): Promise<void> {
    await this.#log.whenIdle();
  }

  /** Waits for pending commits and closes the files. */
  async close(): Promise<void> {
    clearInterval(this.#watch);
    try {
      await this.#log.close();
      await this.#finishLog.close({ isWhole: this.#log.isWhole });
    } finally {
      await this.#files.release();
    }
  }

  /** Closes, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #checkFiles(): void {
    this.#log.checkFile();
    this.#finishLog.checkFile();
  }
}
