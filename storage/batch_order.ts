// The order of one connection's batches.

import type { Commit } from "./commit_group.ts";
import { StorageError } from "./errors.ts";

/**
 * After a batch that was not stored, no later one of its connection is: an
 * agency's bets keep the order of its file. The failure ends with the
 * connection; the next one may send anything.
 */
export class BatchOrder {
  #waiting = 0;
  #hasFailed = false;

  get waiting(): number {
    return this.#waiting;
  }

  /** Throws a `StorageError` if a batch so far was not stored. */
  throwIfFailed(): void {
    if (!this.#hasFailed) return;
    throw new StorageError(
      "Cannot store batch: an earlier one of the same connection was not stored",
    );
  }

  /** Adds a batch that waits for this commit. */
  add(commit: Commit): void {
    this.#waiting++;
    commit.onSettled((error) => {
      this.#waiting--;
      if (error) this.#hasFailed = true;
    });
  }
}

/**
 * True if every connection has exactly one batch in a commit of this many
 * entries: none of them sends more before its reply.
 */
export function doAllWait(
  orders: ReadonlySet<BatchOrder>,
  entries: number,
): boolean {
  if (entries !== orders.size) return false;
  for (const { waiting } of orders) if (waiting !== 1) return false;
  return true;
}
