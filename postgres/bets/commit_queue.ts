// Group commit: an agency's batches that arrive while its statement runs share
// the next one. Agencies commit in parallel.

import type { Batch } from "../../bet/bet.ts";
import {
  BettingClosedError,
  type OnCommit,
  StorageError,
} from "../../storage/mod.ts";
import type { StoreCounts } from "../store_counts.ts";
import { AgencyQueues, type Entry, type Writer } from "./agency_queues.ts";
import type { BetsTable, Stored } from "./bets_table.ts";
import {
  DatabaseTimeoutError,
  explainDatabase,
  remedyOf,
} from "../connection/errors.ts";

/** Parallel commits, each on its own connection (docs/postgres.md). */
export const MAX_COMMITS = 8;

/** Commits batches in groups, several groups at once. */
export class CommitQueue {
  readonly #table: BetsTable;
  readonly #stats: StoreCounts;
  readonly #onCommit: OnCommit | undefined;
  readonly #queues = new AgencyQueues();
  readonly #running = new Set<Promise<void>>();

  /** Reports each commit and its outcome to the others. */
  constructor(table: BetsTable, stats: StoreCounts, onCommit?: OnCommit) {
    this.#table = table;
    this.#stats = stats;
    this.#onCommit = onCommit;
  }

  /**
   * Adds a batch, which is copied before this returns. Resolved, once all its
   * bets are committed, with how many were stored before.
   */
  add(batch: Batch, writer: Writer): Promise<number> {
    const done = Promise.withResolvers<number>();
    const copy = { ...batch, bets: batch.bets.slice() };
    this.#queues.add({ batch: copy, writer, done });
    // Batches of the same turn of the event loop share a commit.
    if (this.#running.size < MAX_COMMITS) queueMicrotask(() => this.#start());
    return done.promise;
  }

  /** Waits for every batch so far. */
  async whenIdle(): Promise<void> {
    while (this.#running.size > 0 || !this.#queues.isEmpty) {
      // Waiting batches start in this turn of the event loop.
      await (this.#running.size > 0
        ? Promise.race(this.#running)
        : Promise.resolve());
    }
  }

  #start(): void {
    while (this.#running.size < MAX_COMMITS) {
      const group = this.#queues.take();
      if (!group) return;
      const run = this.#commit(group).finally(() => {
        this.#running.delete(run);
        this.#queues.release(group[0]!.batch.agency);
        this.#start();
      });
      this.#running.add(run);
    }
  }

  /** Commits a group. Never rejects: each entry gets the outcome. */
  async #commit(group: readonly Entry[]): Promise<void> {
    const left = group.filter((entry) => !isRefused(entry));
    if (left.length === 0) return;
    const startedAtMs = performance.now();
    try {
      const stored = await this.#table.insert(
        left.map(({ batch }) => batch),
        { areNew: left.every(({ writer }) => writer.hasNew) },
      );
      const seconds = (performance.now() - startedAtMs) / 1000;
      this.#onCommit?.(left.length, seconds);
      for (const [i, entry] of left.entries()) this.#settle(entry, stored[i]!);
      this.#stats.report("commit", undefined);
    } catch (cause) {
      if (remedyOf(cause) === "split" && left.length > 1) {
        for (const entry of left) await this.#commit([entry]);
      } else {
        this.#fail(left, cause);
      }
    }
  }

  #settle(
    { batch, writer, done }: Entry,
    { before, isLate }: Stored,
  ): void {
    if (isLate) {
      done.reject(new BettingClosedError());
      return;
    }
    writer.hasNew = before === 0;
    const added = batch.betCount - before;
    if (added > 0) this.#stats.add(batch.agency, added);
    // An earlier batch of the connection, in another group, may have failed.
    if (writer.hasFailed) rejectLater(done);
    else done.resolve(before);
  }

  #fail(group: readonly Entry[], cause: unknown): void {
    const problem = `Cannot store in the database: ${explainDatabase(cause)}`;
    this.#stats.report("commit", problem);
    const error = new StorageError(problem, { cause });
    for (
      const { writer, done } of [...group, ...this.#alsoLate(group, cause)]
    ) {
      writer.hasFailed = true;
      done.reject(error);
    }
  }

  /**
   * Fails the batches queued behind a timed-out one too: retries would only
   * make the queue longer. Fails all agencies' batches if the database does not
   * answer at all.
   */
  #alsoLate([first]: readonly Entry[], cause: unknown): Entry[] {
    if (cause instanceof DatabaseTimeoutError) return this.#queues.drain();
    const isSlow = remedyOf(cause) === "wait";
    return isSlow ? this.#queues.drain(first!.batch.agency) : [];
  }
}

/** Refuses a batch whose connection has lost an earlier one. */
function isRefused({ writer, done }: Entry): boolean {
  if (writer.hasFailed) rejectLater(done);
  return writer.hasFailed;
}

function rejectLater(done: PromiseWithResolvers<number>): void {
  done.reject(
    new StorageError("Cannot store: an earlier batch of the connection failed"),
  );
}
