/**
 * What the central knows of its store without reading it: which bets are stored
 * or under way, and which of them win.
 *
 * @module
 */

import type { Batch } from "../bet/bet.ts";
import { assertInvariant } from "../program/errors.ts";
import { type IndexRange, IndexRanges } from "./index_ranges.ts";
import { DamagedStoreError, type StoredBatch } from "./recovery/scan.ts";

/** Which bets of one file of one agency are stored or under way. */
export class FileState {
  readonly #stored = new IndexRanges();
  /** Under way; some may be stored by now, see {@linkcode commit}. */
  readonly #pending = new IndexRanges();
  #pendingParts = 0;
  /** The latest commit that has some of the file's bets. */
  lastCommit: Promise<void> = Promise.resolve();
  /** Called when a commit of some of the file's bets fails. */
  readonly onFailed: Set<() => void> = new Set();

  /**
   * Finds the bets that are neither stored nor under way.
   *
   * @param start First bet index.
   * @param end Bet index after the last.
   * @returns The ranges, in order.
   */
  unclaimed(start: number, end: number): IndexRange[] {
    return this.#stored.missing(start, end).flatMap((range) =>
      this.#pending.missing(range.start, range.end)
    );
  }

  /**
   * Finds the bets that are not stored.
   *
   * @param start First bet index.
   * @param end Bet index after the last.
   * @returns The ranges, in order.
   */
  missing(start: number, end: number): IndexRange[] {
    return this.#stored.missing(start, end);
  }

  /** Number of bets stored. */
  stored = 0;

  /**
   * Marks bets as under way.
   *
   * @param start First bet index.
   * @param end Bet index after the last.
   */
  claim(start: number, end: number): void {
    this.#pending.add(start, end);
    this.#pendingParts++;
  }

  /**
   * Marks bets as stored.
   *
   * @param start First bet index.
   * @param end Bet index after the last.
   */
  commit(start: number, end: number): void {
    this.#stored.add(start, end);
    this.stored += end - start;
    this.#endPart();
  }

  /** Marks bets as not stored. A failed commit fails all that wait after it. */
  fail(): void {
    this.#pending.clear();
    this.#endPart();
    for (const onFailed of this.onFailed) onFailed();
  }

  /** Forgets what is under way once nothing is. */
  #endPart(): void {
    this.#pendingParts--;
    assertInvariant(this.#pendingParts >= 0, "no more parts end than began");
    if (this.#pendingParts === 0) this.#pending.clear();
  }
}

/** Built when the store is read at the start, and updated with every commit. */
export class StoreIndex {
  readonly #files = new Map<string, FileState>();
  readonly #winners = new Map<number, string[]>();
  readonly #agencyBets = new Map<number, number>();
  #bets = 0;
  #batches = 0;

  /** Number of bets stored. */
  get bets(): number {
    return this.#bets;
  }

  /** Number of bets stored of each agency, by its id. */
  get agencyBets(): ReadonlyMap<number, number> {
    return this.#agencyBets;
  }

  /** Number of batches read at the start. */
  get batches(): number {
    return this.#batches;
  }

  /**
   * Adds a batch that was read from the store.
   *
   * @param batch The batch.
   * @throws {DamagedStoreError} If one of its bets was stored before.
   */
  addStored(batch: StoredBatch): void {
    const { agency, betIndex, count, byteOffset, winners } = batch;
    const state = this.fileState(batch);
    const end = betIndex + count;
    const [missing] = state.missing(betIndex, end);
    if (missing?.start !== betIndex || missing.end !== end) {
      throw new DamagedStoreError(
        byteOffset,
        `some of its ${count} bets from index ${betIndex} on are stored before`,
      );
    }
    state.claim(betIndex, end);
    state.commit(betIndex, end);
    this.addWinners(agency, winners);
    this.addBets(agency, count);
    this.#batches++;
  }

  /**
   * Counts stored bets.
   *
   * @param agency Their agency.
   * @param count How many.
   */
  addBets(agency: number, count: number): void {
    this.#bets += count;
    this.#agencyBets.set(agency, (this.#agencyBets.get(agency) ?? 0) + count);
  }

  /**
   * Returns the state of an agency's file, which is created if it is new.
   *
   * @param batch The agency and the file.
   * @returns The state.
   */
  fileState(
    { agency, fingerprint }: Pick<Batch, "agency" | "fingerprint">,
  ): FileState {
    const key = `${agency}:${fingerprint}`;
    let state = this.#files.get(key);
    if (!state) {
      state = new FileState();
      this.#files.set(key, state);
    }
    return state;
  }

  /**
   * True if a whole batch is stored. Asking about an unknown file leaves no
   * trace.
   *
   * @param batch The batch.
   * @returns Whether every bet of it is stored.
   */
  has({ agency, fingerprint, betIndex, count }: Batch): boolean {
    const state = this.#files.get(`${agency}:${fingerprint}`);
    return state?.missing(betIndex, betIndex + count).length === 0;
  }

  /** Number of bets stored of a file. Asking leaves no trace. */
  countStored(
    { agency, fingerprint }: Pick<Batch, "agency" | "fingerprint">,
  ): number {
    return this.#files.get(`${agency}:${fingerprint}`)?.stored ?? 0;
  }

  /**
   * Adds stored winners.
   *
   * @param agency Their agency.
   * @param documents Their documents, in the order stored.
   */
  addWinners(agency: number, documents: readonly string[]): void {
    if (documents.length === 0) return;
    const earlier = this.#winners.get(agency) ?? [];
    this.#winners.set(agency, earlier);
    earlier.push(...documents);
  }

  /**
   * Returns the winners of an agency.
   *
   * @param agency The agency's id.
   * @returns Their documents, in the order stored.
   */
  winners(agency: number): readonly string[] {
    return this.#winners.get(agency) ?? [];
  }
}
