/**
 * What is known of a store without reading it again: which bets are stored or
 * on their way, and which of them win.
 *
 * @module
 */

import type { Batch } from "../bet/bet.ts";
import { OffsetRanges } from "./index_ranges.ts";
import { DamagedStoreError, type StoredBatch } from "./recovery.ts";

/** What is known of one file of one agency. */
export interface SourceState {
  /** Stored for good. */
  durable: OffsetRanges;
  /** Stored, or on its way to the disk. */
  claimed: OffsetRanges;
  /** The latest commit in which something of it is. */
  commit: Promise<void>;
  /**
   * The first bet that could not be stored, from which on the agency has to
   * send again; `Infinity` if there is none.
   */
  resumeAt: number;
}

/** Built while the store is read at the start, and kept while it grows. */
export class StoreIndex {
  readonly #sources = new Map<string, SourceState>();
  readonly #winners = new Map<number, string[]>();
  #bets = 0;
  #batches = 0;

  /** Bets read at the start. */
  get bets(): number {
    return this.#bets;
  }

  /** Batches read at the start. */
  get batches(): number {
    return this.#batches;
  }

  /**
   * Takes in a batch that was read from the store.
   *
   * @param batch The batch.
   * @throws {DamagedStoreError} If a bet of it is stored before.
   */
  addStored(batch: StoredBatch): void {
    const { agency, offset, count, position, winners } = batch;
    const { durable, claimed } = this.source(batch);
    const [missing] = durable.missing(offset, offset + count);
    if (missing?.start !== offset || missing.end !== offset + count) {
      throw new DamagedStoreError(
        position,
        `some of its ${count} bets from position ${offset} on are stored before`,
      );
    }
    durable.add(offset, offset + count);
    claimed.add(offset, offset + count);
    this.addWinners(agency, winners);
    this.#bets += count;
    this.#batches++;
  }

  /**
   * Finds the state of a file of an agency's.
   *
   * @param batch Whose, and of which file.
   * @returns Its state, to be changed; a new one where nothing is known.
   */
  source({ agency, source }: Pick<Batch, "agency" | "source">): SourceState {
    const key = `${agency}:${source}`;
    let state = this.#sources.get(key);
    if (!state) {
      state = {
        durable: new OffsetRanges(),
        claimed: new OffsetRanges(),
        commit: Promise.resolve(),
        resumeAt: Infinity,
      };
      this.#sources.set(key, state);
    }
    return state;
  }

  /**
   * Says whether all of a batch is stored for good. An agency may ask about
   * files that were never stored, which leaves no trace.
   *
   * @param batch The batch.
   * @returns Whether it is.
   */
  has({ agency, source, offset, count }: Batch): boolean {
    const state = this.#sources.get(`${agency}:${source}`);
    return state?.durable.missing(offset, offset + count).length === 0;
  }

  /**
   * Takes in winners that are stored for good.
   *
   * @param agency Whose.
   * @param documents Their documents, in the order stored.
   */
  addWinners(agency: number, documents: readonly string[]): void {
    if (documents.length === 0) return;
    const earlier = this.#winners.get(agency) ?? [];
    this.#winners.set(agency, earlier);
    earlier.push(...documents);
  }

  /**
   * Looks up the winners of an agency.
   *
   * @param agency Whose.
   * @returns Their documents, in the order stored.
   */
  winners(agency: number): readonly string[] {
    return this.#winners.get(agency) ?? [];
  }
}
