/**
 * The batches of one connection: their order, and whether they wait.
 *
 * @module
 */

import { StorageError } from "./errors.ts";

/**
 * The batches of one connection, in their order. Once one of them is not
 * stored, no later one is: an agency's bets keep the order of its file. The
 * failure ends with the connection, whatever is sent on the next one.
 */
export class BatchSequence {
  /** Number of batches that wait for a commit. */
  waiting = 0;
  #hasFailed = false;

  /** Records that a batch of the sequence was not stored. */
  fail(): void {
    this.#hasFailed = true;
  }

  /**
   * Checks that every batch so far is stored or under way.
   *
   * @throws {StorageError} If one was not stored.
   */
  throwIfFailed(): void {
    if (!this.#hasFailed) return;
    throw new StorageError(
      "Cannot store batch: an earlier one of the same connection was not stored",
    );
  }
}

/**
 * True if every connection has exactly one batch in a commit: none of them has
 * more to say before its reply.
 *
 * @param sequences Those of all connections that may send batches.
 * @param entries Number of batches in the commit.
 * @returns Whether all of them wait for it.
 */
export function doAllWait(
  sequences: ReadonlySet<BatchSequence>,
  entries: number,
): boolean {
  if (entries !== sequences.size) return false;
  for (const { waiting } of sequences) if (waiting !== 1) return false;
  return true;
}
