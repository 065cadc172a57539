/**
 * The store as the central knows it, and the kinds that there are: files
 * (storage/file_store.ts), or a database (postgres/).
 *
 * @module
 */

import type { Batch } from "./bet/bet.ts";
import type { BatchSequence } from "./storage/batch_sequence.ts";
import type { StorageError } from "./storage/errors.ts";

export type { OnCommit } from "./storage/append_log.ts";
export { BatchSequence } from "./storage/batch_sequence.ts";
export { BettingClosedError, StorageError } from "./storage/errors.ts";
export type { Recovery } from "./storage/recovery/file_recovery.ts";
export { FileStore, type StoreOptions } from "./storage/file_store.ts";
export { DamagedStoreError } from "./storage/recovery/scan.ts";
export { StoreHeldError } from "./storage/store_file.ts";

/** Holds every acknowledged bet exactly once. */
export interface Store {
  /**
   * Stores a batch as a whole. Bets that are stored already are not stored
   * again.
   *
   * @param batch Valid bets; copied before this returns.
   * @param sequence The batches of one connection, whose order this one is part
   * of. {@linkcode Store.endSequence} ends it.
   * @returns Resolved once the whole batch is durable.
   * @throws {StorageError} If it may not be stored, or if an earlier batch of the
   * sequence was not. Sending it again is safe.
   * @throws {BettingClosedError} If the draw is held.
   */
  append(batch: Batch, sequence?: BatchSequence): Promise<void>;

  /**
   * Forgets a sequence whose connection has ended.
   *
   * @param sequence The sequence; nothing more is appended to it.
   */
  endSequence(sequence: BatchSequence): void;

  /**
   * Records that an agency has no more bets.
   *
   * @param agency The agency's id.
   * @throws {StorageError} If it may not be recorded.
   */
  finish(agency: number): Promise<void>;

  /**
   * Says how many agencies the draw has, and whether it was held before.
   *
   * @param agencies Their number, with ids from 1; 0 for no draw.
   * @returns Whether the draw was held.
   */
  startDraw(agencies: number): boolean;

  /**
   * Holds the draw if all its agencies have finished. No bet is stored any more
   * then, and the result never changes.
   *
   * @param agencies Number of agencies of the draw.
   * @returns Whether it is held. Of several calls at once one learns it.
   * @throws {StorageError} If that is not known now.
   */
  holdDraw(agencies: number): Promise<boolean>;

  /** Resolves when another central of the same store has held the draw. */
  readonly drawHeld: Promise<void>;

  /**
   * Returns the winners of an agency among the stored bets.
   *
   * @param agency The agency's id.
   * @returns Their documents, in the order stored.
   * @throws {StorageError} If they cannot be looked up now.
   */
  winners(agency: number): readonly string[] | Promise<readonly string[]>;

  /**
   * Number of winners of an agency, as far as it is known.
   *
   * @param agency The agency's id.
   * @returns How many.
   */
  winnerCount(agency: number): number;

  /** Number of bets stored, as far as it is known. */
  readonly bets: number;
  /** Number of bets stored of each agency, as far as it is known. */
  readonly agencyBets: ReadonlyMap<number, number>;
  /** Size of the store, in bytes; 0 if it is not known. */
  readonly sizeBytes: number;
  /** Why no bets are taken, or `undefined` if they are. */
  readonly problem: string | undefined;
  /** The agencies that have no more bets. */
  readonly finished: ReadonlySet<number>;
  /** Resolves if the store cannot be used any more. */
  readonly lost: Promise<StorageError>;

  /** Waits for pending commits and closes the store. */
  close(): Promise<void>;
}
