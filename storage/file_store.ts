/**
 * The store in files: `bets.csv`, which is both the database and the export, and
 * `finished.csv` beside it. docs/storage.md specifies both formats.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { type Batch, packedBetStart } from "../bet/bet.ts";
import type { Store } from "../storage.ts";
import { AppendLog, type OnCommit } from "./append_log.ts";
import { type BatchSequence, doAllWait } from "./batch_sequence.ts";
import { BettingClosedError, type StorageError } from "./errors.ts";
import { recoverFile, type Recovery } from "./recovery/file_recovery.ts";
import { FinishLog } from "./finish_log.ts";
import type { IndexRange } from "./index_ranges.ts";
import { RowBuffer } from "./row_buffer.ts";
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
export class FileStore implements Store {
  readonly #held: HeldFile;
  readonly #log: AppendLog<RowBuffer>;
  readonly #finishLog: FinishLog;
  readonly #index: StoreIndex;
  readonly #watch: ReturnType<typeof setInterval>;
  /** The connections that have sent batches and may send more. */
  readonly #sequences: Set<BatchSequence>;
  /** The lowest agency id of the draw that has not finished. */
  #nextToFinish = 1;
  /** Whether the draw is held, or only waits for what is under way. */
  #isBettingClosed = false;
  /** Set when the files are not ours any more. */
  #loss: StorageError | undefined;
  /**
   * Resolves if someone else changes, replaces or removes a file of the store
   * while it is open. Nothing can be stored or looked up any more.
   */
  readonly lost: Promise<StorageError>;
  /** Never: no other central has this store. */
  readonly drawHeld: Promise<void> = new Promise(() => {});
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
  ) {
    this.#sequences = sequences;
    this.#held = held;
    this.lost = lost;
    lost.then((loss) => this.#loss = loss);
    this.#watch = setInterval(() => this.#checkFiles(), WATCH_PERIOD_MS);
    this.#log = log;
    this.#finishLog = finishLog;
    this.#index = index;
    this.recovery = recovery;
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
    const { fsync = true, wrapFile = (file) => file, onCommit } = options;
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
      );
    } catch (error) {
      await held.release();
      throw error;
    }
  }

  /**
   * Stores a batch as a whole. Bets that are stored already are not stored
   * again; bets that another connection has under way are waited for.
   *
   * @param batch Valid bets; copied before this returns.
   * @param sequence The batches of one connection, whose order this one is part
   * of. {@linkcode endSequence} ends it.
   * @returns Resolved once the whole batch is on disk.
   * @throws {StorageError} If it is not stored, or if an earlier batch of the
   * sequence was not. Sending it again is safe.
   * @throws {BettingClosedError} If the draw is held.
   */
  async append(
    batch: Batch,
    sequence?: BatchSequence,
  ): Promise<void> {
    if (this.#loss) throw this.#loss;
    if (this.has(batch)) {
      const loss = this.#log.checkFile();
      if (loss) throw loss;
      return;
    }
    if (this.#isBettingClosed) return await this.#refuseLate(batch);
    this.#log.throwIfEnded();
    sequence?.throwIfFailed();
    const { betIndex, count } = batch;
    const state = this.#index.fileState(batch);
    for (const range of state.unclaimed(betIndex, betIndex + count)) {
      this.#appendPart(batch, range, state);
    }
    if (sequence) await this.#awaitCommit(state, sequence);
    else await state.lastCommit;
  }

  /** Refuses a batch, unless what is under way has all of it. */
  async #refuseLate(batch: Batch): Promise<void> {
    await this.#log.whenIdle();
    if (!this.has(batch)) throw new BettingClosedError();
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

  /**
   * Forgets a sequence whose connection has ended.
   *
   * @param sequence The sequence; nothing more is appended to it.
   */
  endSequence(sequence: BatchSequence): void {
    this.#sequences.delete(sequence);
  }

  /**
   * True if the whole batch is stored durably, so that it can be answered with
   * OK.
   *
   * @param batch The batch.
   * @returns Whether every bet of it is stored.
   */
  has(batch: Batch): boolean {
    return this.#loss === undefined && this.#index.has(batch);
  }

  /**
   * Records that an agency has no more bets.
   *
   * @param agency The agency's id.
   * @throws {StorageError} If it cannot be recorded.
   */
  finish(agency: number): Promise<void> {
    return this.#finishLog.add(agency);
  }

  /**
   * Says how many agencies the draw has, and whether it was held before.
   *
   * @param agencies Their number; they have the ids from 1.
   * @returns Whether all of them have finished.
   */
  startDraw(agencies: number): boolean {
    return this.#isBettingClosed = this.#haveAllFinished(agencies);
  }

  /**
   * Closes the betting and waits for what is under way, if all agencies have
   * finished: the result never changes.
   *
   * @param agencies Number of agencies of the draw.
   * @returns Whether this call has held the draw.
   * @throws {StorageError} If only the next start can tell what is stored. The
   * draw is held then.
   */
  async holdDraw(agencies: number): Promise<boolean> {
    if (this.#isBettingClosed || !this.#haveAllFinished(agencies)) return false;
    this.#isBettingClosed = true;
    await this.whenIdle();
    return true;
  }

  #haveAllFinished(agencies: number): boolean {
    const { finished } = this;
    while (finished.has(this.#nextToFinish)) this.#nextToFinish++;
    return agencies > 0 && this.#nextToFinish > agencies;
  }

  /** Number of bets stored. */
  get bets(): number {
    return this.#index.bets;
  }

  /** Number of bets stored of each agency, by its id. */
  get agencyBets(): ReadonlyMap<number, number> {
    return this.#index.agencyBets;
  }

  /** Size of the file of bets, in bytes. */
  get sizeBytes(): number {
    return this.#log.size;
  }

  /** Why no bets are taken, or `undefined` if they are. */
  get problem(): string | undefined {
    return this.#log.problem;
  }

  /** The agencies that have no more bets. */
  get finished(): ReadonlySet<number> {
    return this.#finishLog.agencies;
  }

  /**
   * Returns the winners of an agency among the stored bets.
   *
   * @param agency The agency's id.
   * @returns Their documents, in the order stored.
   */
  winners(agency: number): readonly string[] {
    return this.#index.winners(agency);
  }

  /**
   * Number of winners of an agency among the stored bets.
   *
   * @param agency The agency's id.
   * @returns How many.
   */
  winnerCount(agency: number): number {
    return this.#index.winners(agency).length;
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
    await this.#held.release();
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
