// The store in files: the bets file, which is both the database and the export,
// and the finished file beside it. docs/storage.md specifies both formats.

import { assertInvariant } from "../program/errors.ts";
import { AppendLog, type AppendLogOptions } from "./append_log.ts";
import { LatestCommits } from "./commit_queue.ts";
import { IncompleteError, isNoRoomError, StorageError } from "./errors.ts";
import { FileWriter, type WriterParts } from "./file_writer.ts";
import { FileDraw } from "./finished/file_draw.ts";
import { FinishLog } from "./finished/finish_log.ts";
import { RowFormatter } from "./format/row_formatter.ts";
import {
  openStoreFiles,
  type Recovery,
  type RepairableFile,
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

/** How often the files are checked when no bets arrive. */
const WATCH_PERIOD_MS = 500;

/**
 * Holds every acknowledged bet exactly once. One process opens it at a time.
 */
export class FileStore implements Store, AsyncDisposable {
  readonly #files: StoreFiles;
  readonly #log: AppendLog;
  readonly #finishLog: FinishLog;
  readonly #draw: FileDraw;
  readonly #parts: WriterParts;
  #watch: ReturnType<typeof setInterval> | undefined;
  /**
   * Resolves if another program changes, replaces or removes a file of the
   * store while it is open. Then nothing can be stored or looked up.
   */
  readonly lost: Promise<StorageError>;
  /** What the store contains. */
  readonly stats: StoreStats;

  private constructor(files: StoreFiles, options: StoreOptions) {
    const { fsync = true, drawAgencies = 0, onCommit } = options;
    const { bets, finished, index, state } = files;
    const { promise: lost, resolve } = Promise.withResolvers<StorageError>();
    const onLost = (loss: StorageError) => {
      this.#parts.loss ??= loss;
      resolve(loss);
    };
    const latest = new LatestCommits();
    const openLog = (
      { file, end, repair }: RepairableFile,
      more: Partial<AppendLogOptions> = {},
    ) => new AppendLog(file, end, { fsync, onLost, repair, ...more });
    this.lost = lost;
    this.#files = files;
    this.#log = openLog(bets, {
      onCommit,
      onFirstWrite: () => this.#finishLog.start(),
      index,
      latest,
    });
    const betsEnd = () => this.#log.end;
    this.#finishLog = new FinishLog(openLog(finished), state, betsEnd);
    this.#draw = new FileDraw(drawAgencies, {
      finishLog: this.#finishLog,
      whenIdle: () => this.#whenIdle(),
    });
    this.#parts = {
      log: this.#log,
      index,
      draw: this.#draw,
      rows: new RowFormatter(),
      latest,
      loss: undefined,
    };
    this.stats = statsOf(files, this.#log, this.#finishLog);
  }

  /**
   * Opens the store with its bets file at `path`, or creates it in an existing
   * folder. Reads it once, and cuts off incomplete writes.
   *
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
      const store = new FileStore(files, options);
      await store.#recordStart();
      store.#watch = setInterval(() => store.#checkFiles(), WATCH_PERIOD_MS);
      return store;
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
    return new FileWriter(this.#parts);
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
    if (this.#parts.loss) throw this.#parts.loss;
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
    const stored = this.#files.index.fileOf({ agency, fingerprint }).count;
    if (stored >= records) return;
    const hasFinished = this.#finishLog.agencies.has(agency);
    const missing = records - stored;
    throw new IncompleteError(agency, { missing, records, hasFinished });
  }

  /** Returns the documents of an agency's winners, in the order stored. */
  winners(agency: number): readonly string[] {
    return this.#files.index.winners(agency);
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

  /** Makes the records of a start. On a full disk that is done later. */
  async #recordStart(): Promise<void> {
    try {
      await this.#draw.holdIfDue();
      await this.#finishLog.start();
    } catch (error) {
      const isLater = error instanceof StorageError &&
        isNoRoomError(error.cause);
      if (!isLater) throw error;
      this.#log.reportProblem(error.message);
    }
  }

  /**
   * Waits until every batch is stored or refused, and all bets are durable: a
   * full disk may have postponed that at the start. Throws a `StorageError` if
   * that will only be known at the next start, or later.
   */
  async #whenIdle(): Promise<void> {
    await this.#log.whenIdle();
    await this.#log.confirmStored();
    const { underWay } = this.#files.index;
    assertInvariant(underWay === 0, `${underWay} batches are under way`);
  }
}

function statsOf(
  { index }: StoreFiles,
  log: AppendLog,
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
      return log.end.size;
    },
    get problem() {
      return log.problem;
    },
  };
}
