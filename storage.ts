/**
 * The store: `bets.csv`, which is both the database and the export, and
 * `finished.csv` beside it. docs/storage.md describes both to the byte.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { type Batch, packedBetStart } from "./bet.ts";
import { AppendLog } from "./storage/append_log.ts";
import { FinishLog } from "./storage/finish_log.ts";
import { OffsetRanges } from "./storage/offset_ranges.ts";
import { DamagedStoreError, scanStore } from "./storage/recovery.ts";
import type { StoredBatch } from "./storage/recovery.ts";
import { type HeldFile, holdFile } from "./storage/store_file.ts";
import type { StoreFile } from "./storage/store_file.ts";

export { StorageError } from "./storage/append_log.ts";
export { DamagedStoreError } from "./storage/recovery.ts";
export { StoreHeldError } from "./storage/store_file.ts";

/** Options of {@linkcode Store.open}. */
export interface StoreOptions {
  /**
   * Whether a batch counts as stored only when the disk has it.
   *
   * @default {true}
   */
  fsync?: boolean;
  /**
   * Puts something between the store and its file, so that faults can be made.
   *
   * @default {(file) => file}
   */
  wrapFile?: (file: StoreFile) => StoreFile;
}

/** What the store found when it was opened. */
export interface Recovery {
  /** Bets in whole batches. */
  bets: number;
  /** Whole batches. */
  batches: number;
  /** Bytes of a torn tail that were cut off; they were never acknowledged. */
  discardedBytes: number;
}

/** What is known of one file of one agency. */
interface SourceState {
  /** Stored for good. */
  durable: OffsetRanges;
  /** Stored, or on its way to the disk. */
  claimed: OffsetRanges;
  /** The latest commit in which something of it is. */
  commit: Promise<void>;
}

/** Every bet that was acknowledged, once. One process holds it at a time. */
export class Store {
  readonly #held: HeldFile;
  readonly #log: AppendLog;
  readonly #finishLog: FinishLog;
  readonly #sources: Map<string, SourceState>;
  /** What was found at the start. */
  readonly recovery: Recovery;

  private constructor(
    held: HeldFile,
    log: AppendLog,
    finishLog: FinishLog,
    sources: Map<string, SourceState>,
    recovery: Recovery,
  ) {
    this.#held = held;
    this.#log = log;
    this.#finishLog = finishLog;
    this.#sources = sources;
    this.recovery = recovery;
  }

  /**
   * Opens a store, made if it is not there: reads it once, and cuts off what
   * a crash left half written.
   *
   * @param path The file of bets; its directory has to be there.
   * @param options How safe, and for tests, on what.
   * @returns The store.
   * @throws {StoreHeldError} If another process holds it.
   * @throws {DamagedStoreError} If it is damaged; it is left as it is.
   */
  static async open(path: string, options: StoreOptions = {}): Promise<Store> {
    const { fsync = true, wrapFile = (file) => file } = options;
    const held = await holdFile(path);
    try {
      const file = wrapFile(held.file);
      const sources = new Map<string, SourceState>();
      const { recovery, size } = await recover(file, sources);
      const log = new AppendLog(file, size, { fsync });
      const finishPath = join(dirname(path), "finished.csv");
      const finishLog = await FinishLog.open(finishPath, { fsync });
      return new Store(held, log, finishLog, sources, recovery);
    } catch (error) {
      await held.release();
      throw error;
    }
  }

  /**
   * Stores a batch as a whole: what of it is stored already is not stored
   * again, and what another connection has under way is waited for.
   *
   * @param batch Valid bets; copied before this returns.
   * @returns Resolved once all of the batch is on disk.
   * @throws {StorageError} If it is not stored; sending it again is safe.
   */
  async append(batch: Batch): Promise<void> {
    const { offset, count } = batch;
    const source = sourceOf(this.#sources, batch);
    for (
      const { start, end } of source.claimed.missing(offset, offset + count)
    ) {
      source.commit = this.#log.append(
        (rows) => rows.addBatch(part(batch, start, end)),
        (isCommitted) => {
          if (isCommitted) source.durable.add(start, end);
          else source.claimed = source.durable.clone();
        },
      );
      source.claimed.add(start, end);
    }
    if (source.durable.missing(offset, offset + count).length === 0) return;
    await source.commit;
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

  /** Waits for the commits under way and lets go of the files. */
  async close(): Promise<void> {
    await this.#log.close();
    await this.#finishLog.close();
    await this.#held.release();
  }
}

/** Reads the file, and leaves it with nothing but whole batches. */
async function recover(
  file: StoreFile,
  sources: Map<string, SourceState>,
): Promise<{ recovery: Recovery; size: number }> {
  const recovery: Recovery = { bets: 0, batches: 0, discardedBytes: 0 };
  const { committedSize, size } = await scanStore(file, (batch) => {
    addStoredBatch(sources, batch);
    recovery.bets += batch.count;
    recovery.batches++;
  });
  recovery.discardedBytes = size - committedSize;
  if (recovery.discardedBytes > 0) await file.truncate(committedSize);
  return { recovery, size: committedSize };
}

function addStoredBatch(
  sources: Map<string, SourceState>,
  batch: StoredBatch,
): void {
  const { offset, count } = batch;
  const { durable, claimed } = sourceOf(sources, batch);
  const [missing] = durable.missing(offset, offset + count);
  if (missing?.start !== offset || missing.end !== offset + count) {
    throw new DamagedStoreError(
      batch.position,
      `some of its ${count} bets from position ${offset} on are stored before`,
    );
  }
  durable.add(offset, offset + count);
  claimed.add(offset, offset + count);
}

function sourceOf(
  sources: Map<string, SourceState>,
  { agency, source }: Pick<Batch, "agency" | "source">,
): SourceState {
  const key = `${agency}:${source}`;
  let state = sources.get(key);
  if (!state) {
    state = {
      durable: new OffsetRanges(),
      claimed: new OffsetRanges(),
      commit: Promise.resolve(),
    };
    sources.set(key, state);
  }
  return state;
}

/** The bets of a batch from position `start` of the file up to `end`. */
function part(batch: Batch, start: number, end: number): Batch {
  const { offset, count, bets } = batch;
  if (start === offset && end === offset + count) return batch;
  return {
    ...batch,
    offset: start,
    count: end - start,
    bets: bets.subarray(
      packedBetStart(bets, start - offset),
      packedBetStart(bets, end - offset),
    ),
  };
}
