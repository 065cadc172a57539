/**
 * Group commit: the batches that arrive while statements run share the next one.
 *
 * @module
 */

import { type Batch, countBets } from "../bet/bet.ts";
import { BettingClosedError, StorageError } from "../storage.ts";
import { BetColumns, keyOf } from "./bet_columns.ts";
import {
  type Database,
  DatabaseTimeoutError,
  explainDatabase,
  MAX_COMMITS,
} from "./database.ts";

/** Most bets of a statement. More take longer without being faster. */
const MAX_BETS = 3_000;

/**
 * The row of `loteria` is locked until the commit, so that the draw waits for
 * this commit, and this statement for the draw: no bet gets in between.
 */
const INSERT = `
WITH betting AS (
  SELECT 1 FROM loteria WHERE draw_held_at IS NULL FOR SHARE
), stored AS (
  INSERT INTO bets (agency, source, position, first_name, last_name, document,
    birthdate, number)
  SELECT bet.* FROM betting, unnest($1::bigint[], $2::bigint[], $3::bigint[],
    $4::text[], $5::text[], $6::text[], $7::date[], $8::bigint[]) AS bet
  ON CONFLICT DO NOTHING
  RETURNING agency
)
SELECT (SELECT count(*) FROM betting) AS betting, agency, count(*) AS bets
FROM stored GROUP BY agency
UNION ALL
SELECT (SELECT count(*) FROM betting), 0, 0`;

interface Entry {
  batch: Batch;
  done: PromiseWithResolvers<number>;
}

/** Called after each commit. */
export interface CommitListener {
  /** Told of bets that were stored just now. */
  onStored(agency: number, bets: number): void;
  /** Told of a commit of so many batches, and its duration in seconds. */
  onCommit(batches: number, seconds: number): void;
  /** Told why a commit failed, or `undefined` after one that did not. */
  onOutcome(problem: string | undefined): void;
}

/** Commits batches in groups, several groups at once. */
export class CommitQueue {
  readonly #database: Database;
  readonly #listener: CommitListener;
  readonly #waiting: Entry[] = [];
  readonly #running = new Set<Promise<void>>();

  /**
   * Creates an empty queue.
   *
   * @param database The database.
   * @param listener Told of each commit.
   */
  constructor(database: Database, listener: CommitListener) {
    this.#database = database;
    this.#listener = listener;
  }

  /**
   * Adds a batch to the next commit.
   *
   * @param batch The batch; copied before this returns.
   * @returns Resolved once all its bets are committed, with how many are new.
   * @throws {StorageError} If they may not be.
   * @throws {BettingClosedError} If the draw is held.
   */
  add(batch: Batch): Promise<number> {
    const done = Promise.withResolvers<number>();
    this.#waiting.push({ batch: { ...batch, bets: batch.bets.slice() }, done });
    // Batches of the same turn of the event loop share a commit.
    if (this.#running.size < MAX_COMMITS) queueMicrotask(() => this.#start());
    return done.promise;
  }

  /** Waits for every batch so far. */
  async whenIdle(): Promise<void> {
    while (this.#running.size > 0 || this.#waiting.length > 0) {
      // What waits starts in this turn of the event loop.
      await (this.#running.size > 0
        ? Promise.race(this.#running)
        : Promise.resolve());
    }
  }

  #start(): void {
    if (this.#running.size >= MAX_COMMITS || this.#waiting.length === 0) return;
    const run = this.#commit(this.#nextGroup()).finally(() => {
      this.#running.delete(run);
      this.#start();
    });
    this.#running.add(run);
  }

  #nextGroup(): Entry[] {
    let bets = 0;
    const end = this.#waiting.findIndex(({ batch }) =>
      (bets += batch.count) > MAX_BETS
    );
    const count = end < 0 ? this.#waiting.length : Math.max(1, end);
    return this.#waiting.splice(0, count);
  }

  /** Commits a group. Never rejects: each entry gets the outcome. */
  async #commit(group: Entry[]): Promise<void> {
    const startedAtMs = performance.now();
    try {
      if (await this.#insert(group)) {
        const seconds = (performance.now() - startedAtMs) / 1000;
        this.#listener.onCommit(group.length, seconds);
        for (const { batch, done } of group) done.resolve(countBets(batch));
      } else {
        for (const entry of group) await this.#refuseLate(entry);
      }
      this.#listener.onOutcome(undefined);
    } catch (cause) {
      const problem = `Cannot store in the database: ${explainDatabase(cause)}`;
      this.#listener.onOutcome(problem);
      const error = new StorageError(problem, { cause });
      // Nobody waits in a line that does not move: agencies that come back would
      // make it longer.
      const late = cause instanceof DatabaseTimeoutError
        ? this.#waiting.splice(0)
        : [];
      for (const { done } of [...group, ...late]) done.reject(error);
    }
  }

  /** Returns false if the draw is held. */
  async #insert(group: readonly Entry[]): Promise<boolean> {
    const columns = new BetColumns();
    // All centrals insert in the same order, so that none waits for another that
    // waits for it.
    for (const { batch } of group.toSorted(byKey)) columns.add(batch);
    const rows = await this.#database.query(INSERT, columns.parameters);
    for (const { agency, bets } of rows) {
      if (Number(bets) > 0) {
        this.#listener.onStored(Number(agency), Number(bets));
      }
    }
    return Number(rows[0]?.["betting"]) > 0;
  }

  /** Refuses a batch after the draw, unless all of it was stored before. */
  async #refuseLate({ batch, done }: Entry): Promise<void> {
    const { agency, source } = keyOf(batch);
    const end = batch.betIndex + batch.count;
    const [row] = await this.#database.query(
      `
      SELECT count(*) AS bets FROM bets WHERE agency = $1 AND source = $2
      AND position >= $3 AND position < $4`,
      [agency, source, batch.betIndex, end],
    );
    if (Number(row?.["bets"]) === countBets(batch)) done.resolve(0);
    else done.reject(new BettingClosedError());
  }
}

function byKey({ batch: one }: Entry, { batch: other }: Entry): number {
  if (one.agency !== other.agency) return one.agency - other.agency;
  if (one.fingerprint !== other.fingerprint) {
    return one.fingerprint < other.fingerprint ? -1 : 1;
  }
  return one.betIndex - other.betIndex;
}
