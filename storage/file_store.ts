/**
 * The store in files: `bets.csv`, which is both the database and the export, and
 * `finished.csv` beside it. docs/storage.md specifies both formats.
 *
 * @module
 */

import { dirname, join } from "node:path";
import {
  type Batch,
  countBets,
  isGap,
  packedBetEnd,
  packedBetStart,
} from "../bet/bet.ts";
import { AppendLog, type OnCommit } from "./append_log.ts";
import { BatchSequence, doAllWait } from "./batch_sequence.ts";
import {
  BettingClosedError,
  IncompleteError,
  type StorageError,
} from "./errors.ts";
import { recoverFile, type Recovery } from "./recovery/file_recovery.ts";
import { FinishLog } from "./finish_log.ts";
import type { IndexRange } from "./index_ranges.ts";
import { RowBuffer } from "./row_buffer.ts";
import type {
  BatchWriter,
  DrawHolder,
  ExpectedBets,
  Store,
  StoreDraw,
  StoreStats,
} from "./store.ts";
import { type HeldFile, holdFile, type StoreFile } from "./store_file.ts";
import type { FileState, StoreIndex } from "./store_index.ts";

/** How often the files are checked when no bets arrive. */
const WATCH_PERIOD_MS = 500;

/** Options of {@linkcode FileStore.open}. */
export interface StoreOptions {
  /**
   * Whether a batch counts as stored only once it is on disk.
   *
   * @default {true}
   */
  fsync?: boolean;
  /**
   * Number of agencies in the draw, with ids from 1; 0 for no draw.
   *
   * @default {0}
   */
  drawAgencies?: number;
  /**
   * Wraps the store's file, so that tests can inject faults.
   *
   * @default {(file) => file}
   */
  wrapFile?: (file: StoreFile) => StoreFile;
  /**
   * Called after each commit.
   *
   * @default {undefined}
   */
  onCommit?: OnCommit | undefined;
}

/**
 * Holds every acknowledged bet exactly once. One process opens it at a time.
 */
export class FileStore implements Store, AsyncDisposable {
  readonly #file: HeldFile;
  readonly #log: AppendLog<RowBuffer>;
  readonly #finishLog: FinishLog;
  readonly #index: StoreIndex;
  readonly #watch: ReturnType<typeof setInterval>;
  /** The connections that have sent batches and may send more. */
  readonly #sequences: Set<BatchSequence>;
  /** The lowest agency id of the draw that has not finished. */
  #nextToFinish = 1;
  /** Whether no bets are accepted, though some may be under way. */
  #isBettingClosed = false;
  #isDrawHeld = false;
  readonly #drawAgencies: number;
  readonly #held = Promise.withResolvers<DrawHolder>();
  /** Set when the files are not ours any more. */
  #loss: StorageError | undefined;
  /**
   * Resolves if someone else changes, replaces or removes a file of the store
   * while it is open. Nothing can be stored or looked up any more.
   */
  readonly lost: Promise<StorageError>;
  /** The draw. */
  readonly draw: StoreDraw;
  /** What the store contains. */
  readonly stats: StoreStats;
  /** What the store contained when it was opened. */
  readonly recovery: Recovery;

  private constructor(
    held: HeldFile,
    log: AppendLog<RowBuffer>,
    finishLog: FinishLog,
    index: StoreIndex,
    recovery: Recovery,
    lost: Promise<StorageError>,
    sequences: Set<BatchSequence>,
    drawAgencies: number,
  ) {
    this.#sequences = sequences;
    this.#drawAgencies = drawAgencies;
    this.#file = held;
    this.lost = lost;
    lost.then((loss) => this.#loss = loss);
    this.#watch = setInterval(() => this.#checkFiles(), WATCH_PERIOD_MS);
    this.#log = log;
    this.#finishLog = finishLog;
    this.#index = index;
    this.recovery = recovery;
    this.stats = statsOf(index, log, finishLog);
    this.draw = this.#createDraw();
    if (this.#haveAllFinished()) {
      this.#isBettingClosed = this.#isDrawHeld = true;
      this.#held.resolve("earlier");
    }
  }

  /**
   * Opens a store and creates it if it does not exist. Reads it once, and cuts
   * off what a crash left half written.
   *
   * @param path The file of bets. Its folder must exist.
   * @param options Durability, and hooks for tests.
   * @returns The store.
   * @throws {StoreHeldError} If another process holds it.
   * @throws {DamagedStoreError} If it is damaged. It is left unchanged.
   */
  static async open(
    path: string,
    options: StoreOptions = {},
  ): Promise<FileStore> {
    const { fsync = true, drawAgencies = 0, onCommit } = options;
    const { wrapFile = (file) => file } = options;
    const held = await holdFile(path);
    try {
      const file = wrapFile(held.file);
      const { index, size, recovery } = await recoverFile(path, file, fsync);
      const { promise: lost, resolve: onLost } = Promise.withResolvers<
        StorageError
      >();
      const sequences = new Set<BatchSequence>();
      const log = new AppendLog(file, size, () => new RowBuffer(), {
        fsync,
        onLost,
        onCommit,
        doAllWait: (entries) => doAllWait(sequences, entries),
      });
      const finishPath = join(dirname(path), "finished.csv");
      const finishLog = await FinishLog.open(finishPath, { fsync, onLost });
      return new FileStore(
        held,
        log,
        finishLog,
        index,
        recovery,
        lost,
        sequences,
        drawAgencies,
      );
    } catch (error) {
      await held.release();
      throw error;
    }
  }

  /** Creates the writer of one connection. */
  writer(): BatchWriter {
    const sequence = new BatchSequence();
    return {
      append: (batch) => this.#append(batch, sequence),
      [Symbol.dispose]: () => this.#sequences.delete(sequence),
    };
  }

  async #append(batch: Batch, sequence: BatchSequence): Promise<number> {
    if (this.#loss) throw this.#loss;
    const bets = countBets(batch);
    if (this.#has(batch)) {
      const loss = this.#log.checkFile();
      if (loss) throw loss;
      return bets;
    }
    if (this.#isBettingClosed) {
      await this.#refuseLate(batch);
      return bets;
    }
    this.#log.throwIfEnded();
    sequence.throwIfFailed();
    const { betIndex, count } = batch;
    const state = this.#index.fileState(batch);
    let added = 0;
    for (const range of state.unclaimed(betIndex, betIndex + count)) {
      for (const run of betRuns(batch, range)) {
        this.#appendPart(batch, run, state);
        added += run.end - run.start;
      }
    }
    await this.#awaitCommit(state, sequence);
    return bets - added;
  }

  /** Refuses a batch, unless what is under way has all of it. */
  async #refuseLate(batch: Batch): Promise<void> {
    await this.#log.whenIdle();
    if (!this.#has(batch)) throw new BettingClosedError();
  }

  /** Waits for the commits of a file on behalf of a connection. */
  async #awaitCommit(
    state: FileState,
    sequence: BatchSequence,
  ): Promise<void> {
    // Called when the commit fails, before any later batch can be appended.
    const onFailed = () => sequence.fail();
    state.onFailed.add(onFailed);
    this.#sequences.add(sequence);
    sequence.waiting++;
    try {
      await state.lastCommit;
    } finally {
      sequence.waiting--;
      state.onFailed.delete(onFailed);
    }
  }

  #has(batch: Batch): boolean {
    if (this.#loss !== undefined) return false;
    const whole = {
      start: batch.betIndex,
      end: batch.betIndex + batch.count,
    };
    return betRuns(batch, whole).every(({ start, end }) =>
      this.#index.has({ ...batch, betIndex: start, count: end - start })
    );
  }

  /**
   * Records that an agency has no more bets. Holds the draw if it was the last:
   * closes the betting and waits for what is under way.
   *
   * @throws {IncompleteError} If some of the expected bets are not stored.
   * @throws {StorageError} If it cannot be recorded, or if only the next start
   * can tell what is stored. The draw is held then.
   */
  async finish(agency: number, expected?: ExpectedBets): Promise<void> {
    if (expected) this.#throwIfIncomplete(agency, expected);
    await this.#finishLog.add(agency);
    if (this.#isBettingClosed || !this.#haveAllFinished()) return;
    this.#isBettingClosed = true;
    await this.whenIdle();
    this.#isDrawHeld = true;
    this.#held.resolve("here");
  }

  #throwIfIncomplete(
    agency: number,
    { fingerprint, records }: ExpectedBets,
  ): void {
    const stored = this.#index.countStored({ agency, fingerprint });
    if (stored >= records) return;
    throw new IncompleteError(agency, records - stored, records);
  }

  #haveAllFinished(): boolean {
    const { agencies } = this.#finishLog;
    while (agencies.has(this.#nextToFinish)) this.#nextToFinish++;
    return this.#drawAgencies > 0 && this.#nextToFinish > this.#drawAgencies;
  }

  #createDraw(): StoreDraw {
    const isHeld = () => this.#isDrawHeld;
    return {
      agencies: this.#drawAgencies,
      held: this.#held.promise,
      get isHeld() {
        return isHeld();
      },
    };
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
    await this.#log.close();
    await this.#finishLog.close();
    await this.#file.release();
  }

  /** Closes, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #checkFiles(): void {
    this.#log.checkFile();
    this.#finishLog.checkFile();
  }

  /** Adds a range of a batch's bets to the next commit. */
  #appendPart(
    batch: Batch,
    { start, end }: IndexRange,
    state: FileState,
  ): void {
    let winners: readonly string[] = [];
    state.lastCommit = this.#log.append(
      (rows) => winners = rows.addBatch(partOf(batch, start, end)),
      (isCommitted) => {
        if (isCommitted) {
          state.commit(start, end);
          this.#index.addBets(batch.agency, end - start);
          this.#index.addWinners(batch.agency, winners);
        } else {
          state.fail();
        }
      },
    );
    state.claim(start, end);
  }
}

function statsOf(
  index: StoreIndex,
  log: AppendLog<RowBuffer>,
  finishLog: FinishLog,
): StoreStats {
  return {
    get bets() {
      return index.bets;
    },
    get agencyBets() {
      return index.agencyBets;
    },
    winnerCount: (agency) => index.winners(agency).length,
    get finished() {
      return finishLog.agencies;
    },
    get sizeBytes() {
      return log.size;
    },
    get problem() {
      return log.problem;
    },
  };
}

/** Returns the ranges of bets, without the gaps between them. */
function betRuns(batch: Batch, { start, end }: IndexRange): IndexRange[] {
  const runs: IndexRange[] = [];
  let last: IndexRange | undefined;
  let at = packedBetStart(batch.bets, start - batch.betIndex);
  for (let index = start; index < end; index++) {
    if (isGap(batch.bets, at)) last = undefined;
    else if (last) last.end++;
    else runs.push(last = { start: index, end: index + 1 });
    at = packedBetEnd(batch.bets, at);
  }
  return runs;
}

/** Returns the part of a batch from bet index `start` up to `end`. */
function partOf(batch: Batch, start: number, end: number): Batch {
  const { betIndex, count, bets } = batch;
  if (start === betIndex && end === betIndex + count) return batch;
  return {
    ...batch,
    betIndex: start,
    count: end - start,
    bets: bets.subarray(
      packedBetStart(bets, start - betIndex),
      packedBetStart(bets, end - betIndex),
    ),
  };
}
