/**
 * The writer of one connection: the order of its batches, and whether they wait.
 *
 * @module
 */

import type { Batch } from "../bet/bet.ts";
import { StorageError } from "./errors.ts";
import type { BatchWriter } from "./store.ts";

/** What a writer needs of its store. */
export interface WriterOptions {
  /** Stores a batch of the writer. */
  append: (batch: Batch, writer: OrderedWriter) => Promise<number>;
  /** Called at the end of the connection. */
  onDispose: (writer: OrderedWriter) => void;
}

/**
 * Stores the batches of one connection in their order. Once one of them is not
 * stored, no later one is: an agency's bets keep the order of its file. The
 * failure ends with the connection, whatever is sent on the next one.
 */
export class OrderedWriter implements BatchWriter {
  readonly #options: WriterOptions;
  #waiting = 0;
  /** Number of failures of the log when the waiting batches were appended. */
  #failures = 0;
  #hasFailed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Number of batches that wait for a commit. */
  get waiting(): number {
    return this.#waiting;
  }

  append(batch: Batch): Promise<number> {
    return this.#options.append(batch, this);
  }

  /**
   * Checks that every batch so far is stored or under way.
   *
   * @param failures Number of failures of the log so far: with each of them, all
   * waiting batches have failed, even if they do not know it yet.
   * @throws {StorageError} If one was not stored.
   */
  throwIfFailed(failures: number): void {
    if (this.#waiting > 0 && failures !== this.#failures) {
      this.#hasFailed = true;
    }
    this.#failures = failures;
    if (!this.#hasFailed) return;
    throw new StorageError(
      "Cannot store batch: an earlier one of the same connection was not stored",
    );
  }

  /** Waits for the commit of a batch. */
  async wait(commit: Promise<void>): Promise<void> {
    this.#waiting++;
    try {
      await commit;
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    } finally {
      this.#waiting--;
    }
  }

  [Symbol.dispose](): void {
    this.#options.onDispose(this);
  }
}

/**
 * True if every connection has exactly one batch in a commit: none of them has
 * more to say before its reply.
 *
 * @param writers The writers of all connections that may send batches.
 * @param entries Number of batches in the commit.
 */
export function doAllWait(
  writers: ReadonlySet<OrderedWriter>,
  entries: number,
): boolean {
  if (entries !== writers.size) return false;
  for (const { waiting } of writers) if (waiting !== 1) return false;
  return true;
}
