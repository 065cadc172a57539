// The store interface. `storage/file_store.ts` keeps bets in files,
// `postgres/postgres_store.ts` in a database.

import type { Batch } from "../bet/bet.ts";
import type { StorageError } from "./errors.ts";

/** Stores the batches of one connection, in their order. */
export interface BatchWriter extends Disposable {
  /**
   * Stores a batch as a whole. Bets that are stored already are not stored
   * again.
   *
   * @param batch Valid bets; copied before this returns.
   * @returns Resolved once the whole batch is durable, with how many of its
   * bets were stored before or are another connection's.
   * @throws {StorageError} If it may not be stored, or if an earlier batch of
   * this writer was not. Sending it again, on a new connection, is safe.
   * @throws {BettingClosedError} If the draw is held.
   */
  append(batch: Batch): Promise<number>;
}

/** What must be stored of an agency before it counts as finished. */
export interface ExpectedBets {
  /** Fingerprint of the agency's file. */
  fingerprint: string;
  /** Number of its bets. */
  records: number;
}

/** The draw of a store. */
export interface StoreDraw {
  /** Number of participating agencies, with ids from 1; 0 for no draw. */
  readonly agencies: number;
  /** Whether it is held. Then no bet is stored, and the result never changes. */
  readonly isHeld: boolean;
  /**
   * Resolves once it is held, with who held it: this store when it was open,
   * before, or another central.
   */
  readonly held: Promise<"here" | "earlier" | "elsewhere">;
}

/** Who held a draw. */
export type DrawHolder = Awaited<StoreDraw["held"]>;

/** What this process knows about the store. */
export interface StoreStats {
  /** Number of bets. */
  readonly bets: number;
  /** Number of bets of each agency. */
  readonly agencyBets: ReadonlyMap<number, number>;
  /** Number of winners of an agency. */
  winnerCount(agency: number): number;
  /** The agencies that have no more bets. */
  readonly finished: ReadonlySet<number>;
  /** Size in bytes, `undefined` if unknown. */
  readonly sizeBytes: number | undefined;
  /** Why no bets are accepted, or `undefined` if they are. */
  readonly problem: string | undefined;
}

/** Holds every acknowledged bet exactly once. */
export interface Store {
  /** Creates the writer of one connection, which disposes of it at its end. */
  writer(): BatchWriter;

  /**
   * Records that an agency has no more bets. Holds the draw if it was the last.
   *
   * @param agency The agency's id. Finishing again changes nothing.
   * @param expected What must be stored, if the agency says so.
   * @throws {IncompleteError} If some of it is not stored.
   * @throws {StorageError} If it may not be recorded.
   */
  finish(agency: number, expected?: ExpectedBets): Promise<void>;

  /** The draw. The number of its agencies is given when the store is opened. */
  readonly draw: StoreDraw;

  /**
   * Returns the documents of an agency's winners, in the order stored.
   *
   * @throws {StorageError} If they cannot be looked up now.
   */
  winners(agency: number): readonly string[] | Promise<readonly string[]>;

  /** What it contains: one object whose fields change with the store. */
  readonly stats: StoreStats;
  /** Resolves when the store becomes unusable. */
  readonly lost: Promise<StorageError>;

  /** Waits for pending commits and closes the store. */
  close(): Promise<void>;
}
