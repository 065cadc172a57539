// The writer of one connection: keeps its batches in order.

import type { Batch } from "../bet/bet.ts";
import type { Commit } from "./commit_group.ts";
import { StorageError } from "./errors.ts";
import type { BatchWriter } from "./store.ts";

export interface WriterOptions {
  append: (batch: Batch, writer: OrderedWriter) => Promise<number>;
  onDispose: (writer: OrderedWriter) => void;
}

/**
 * Stores the batches of one connection in order. After a batch that was not
 * stored, no later one is: an agency's bets keep the order of its file. The
 * failure ends with the connection; the next one may send anything.
 */
export class OrderedWriter implements BatchWriter {
  readonly #options: WriterOptions;
  #waiting = 0;
  #hasFailed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting;
  }

  append(batch: Batch): Promise<number> {
    return this.#options.append(batch, this);
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

  [Symbol.dispose](): void {
    this.#options.onDispose(this);
  }
}

/**
 * True if every connection has exactly one batch in a commit of this many
 * entries: none of them sends more before its reply.
 */
export function doAllWait(
  writers: ReadonlySet<OrderedWriter>,
  entries: number,
): boolean {
  if (entries !== writers.size) return false;
  for (const { waiting } of writers) if (waiting !== 1) return false;
  return true;
}
