// Group commit: an agency's batches that arrive while its statement runs share
// the next one. Agencies commit in parallel.

import type { Batch } from "../../bet/bet.ts";
import {
  BettingClosedError,
  type OnCommit,
  StorageError,
} from "../../storage/mod.ts";
import type { StoreCounts } from "../store_counts.ts";
import { AgencyTurns } from "../agency_turns.ts";
import type { BetsTable, Stored } from "./bets_table.ts";
import {
  DatabaseTimeoutError,
  explainDatabase,
  remedyOf,
} from "../connection/errors.ts";

/** Parallel commits, each on its own connection (docs/postgres.md). */
export const MAX_COMMITS = 8;
/** Limit of bets per statement. More take longer without being faster. */
const MAX_BETS = 3_000;

/** The batches of one connection. */
export interface Writer {
  /** After one failure, all later batches fail. */
  hasFailed: boolean;
  /** Whether its last batch had only new bets; the next one then has, too. */
  hasNew: boolean;
}

interface Entry {
  batch: Batch;
  writer: Writer;
  /** Resolved with the number of bets that were stored before. */
  done: PromiseWithResolvers<number>;
}

/** Commits batches in groups, several groups at once. */
export class CommitQueue {
  readonly #table: BetsTable;
  readonly #stats: StoreCounts;
  readonly #onCommit: OnCommit | undefined;
  readonly #turns = new AgencyTurns<Entry>({
    atOnce: MAX_COMMITS,
    groupLength,
    run: (group) => this.#commit(group),
  });

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
    this.#turns.add(batch.agency, { batch: copy, writer, done });
    return done.promise;
  }

  /** Waits for every batch so far. */
  whenIdle(): Promise<void> {
    return this.#turns.whenIdle();
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
    if (cause instanceof DatabaseTimeoutError) return this.#turns.drain();
    const isSlow = remedyOf(cause) === "wait";
    return isSlow ? this.#turns.drain(first!.batch.agency) : [];
  }
}

/**
 * How many batches share the next statement: those of one file, at least one.
 */
function groupLength(entries: readonly Entry[]): number {
  const { fingerprint } = entries[0]!.batch;
  let bets = 0;
  const end = entries.findIndex(({ batch }) =>
    (bets += batch.count) > MAX_BETS || batch.fingerprint !== fingerprint
  );
  return end < 0 ? entries.length : Math.max(1, end);
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
