// The store in a PostgreSQL database, which many centrals may share
// (docs/postgres.md). The table's primary key guarantees exactly once.

import { ProgramError } from "../program/errors.ts";
import {
  type BatchWriter,
  type ExpectedBets,
  IncompleteError,
  type OnCommit,
  StorageError,
  type Store,
} from "../storage/mod.ts";
import { BetsTable } from "./bets/bets_table.ts";
import { CommitQueue, type Writer } from "./bets/commit_queue.ts";
import { describeAddress, readAddress } from "./connection/address.ts";
import type { Database } from "./connection/database.ts";
import { explainDatabase } from "./connection/errors.ts";
import { DrawTables } from "./draw/draw_tables.ts";
import { openDatabase, type OpenedDatabase } from "./open_database.ts";
import { QuestionQueue } from "./question_queue.ts";
import { SharedDraw } from "./draw/shared_draw.ts";
import { StoreCounts } from "./store_counts.ts";

/** How often to poll for other centrals' changes, and for a repair. */
const POLL_PERIOD_MS = 1_000;
/** Time for statements under way at shutdown; the whole shutdown has 5 s. */
const STOP_TIMEOUT_MS = 2_500;

/** Polls take turns with the agencies, whose ids begin with 1. */
const POLLS = 0;

/** Options of {@linkcode PostgresStore.open}. */
export interface PostgresStoreOptions {
  /** Number of participating agencies, with ids from 1; 0 for no draw. */
  drawAgencies?: number;
  onCommit?: OnCommit | undefined;
  /** Aborts when the central stops: statements then end within seconds. */
  signal?: AbortSignal | undefined;
}

export class PostgresStore implements Store {
  readonly #database: Database;
  readonly #bets: BetsTable;
  readonly #tables: DrawTables;
  readonly #queue: CommitQueue;
  readonly #questions = new QuestionQueue();
  #pollTimer: ReturnType<typeof setInterval> | undefined;
  #stopTimer: ReturnType<typeof setTimeout> | undefined;
  #polling: Promise<void> | undefined;
  readonly stats: StoreCounts = new StoreCounts();
  readonly draw: SharedDraw;
  /** Never resolves: a database may come back. */
  readonly lost: Promise<StorageError> = new Promise(() => {});

  private constructor(
    { database, schema, counts }: OpenedDatabase,
    { drawAgencies = 0, onCommit, signal }: PostgresStoreOptions,
  ) {
    this.#database = database;
    this.#bets = new BetsTable(database, schema);
    this.#tables = new DrawTables(database, schema);
    this.draw = new SharedDraw(this.#tables, drawAgencies, this.stats);
    this.#queue = new CommitQueue(this.#bets, this.stats, onCommit);
    for (const { agency, bets } of counts) {
      this.stats.add(Number(agency), Number(bets));
    }
    signal?.addEventListener("abort", () => this.#endSoon(), { once: true });
  }

  /**
   * Opens the store; creates or upgrades its tables. Throws a `ProgramError` if
   * the database cannot be used.
   */
  static async open(
    url: string,
    options: PostgresStoreOptions = {},
  ): Promise<PostgresStore> {
    const address = readAddress(url);
    try {
      const opened = await openDatabase(address, options.signal);
      const store = new PostgresStore(opened, options);
      try {
        await store.draw.recover();
      } catch (error) {
        await store.close();
        throw error;
      }
      store.#pollTimer = setInterval(() => {
        store.#polling ??= store.#poll().finally(() =>
          store.#polling = undefined
        );
      }, POLL_PERIOD_MS);
      return store;
    } catch (cause) {
      throw new ProgramError(
        `Cannot open store "${describeAddress(address)}": ${
          explainDatabase(cause)
        }`,
        { cause },
      );
    }
  }

  writer(): BatchWriter {
    const writer: Writer = { hasFailed: false, hasNew: false };
    return {
      append: (batch) => this.#queue.add(batch, writer),
      [Symbol.dispose]: () => {},
    };
  }

  async finish(agency: number, expected?: ExpectedBets): Promise<void> {
    if (expected) {
      const { fingerprint, records } = expected;
      const stored = await this.#ask(
        agency,
        `count ${fingerprint}`,
        () => this.#bets.count(agency, fingerprint),
      );
      const missing = records - stored;
      if (missing > 0) {
        const hasFinished = this.stats.finished.has(agency);
        throw new IncompleteError(agency, { missing, records, hasFinished });
      }
    }
    await this.#ask(agency, "finish", async () => {
      await this.#bets.addAgency(agency);
      await this.draw.finish(agency);
    });
  }

  winners(agency: number): Promise<readonly string[]> {
    return this.#ask(agency, "winners", () => this.#tables.winners(agency));
  }

  /** Waits briefly for pending commits, and closes the connections. */
  async close(): Promise<void> {
    clearInterval(this.#pollTimer);
    this.#endSoon();
    await this.#queue.whenIdle();
    clearTimeout(this.#stopTimer);
    this.#database.close();
    await this.#polling;
  }

  #endSoon(): void {
    this.#stopTimer ??= setTimeout(
      () => this.#database.close(),
      STOP_TIMEOUT_MS,
    );
  }

  /** Polls for other centrals' changes. Never rejects. */
  async #poll(): Promise<void> {
    try {
      await this.#questions.ask(POLLS, "poll", () => this.#look());
      this.stats.report("read", undefined);
    } catch (error) {
      const problem = `Cannot use the database: ${explainDatabase(error)}`;
      this.stats.report("read", problem);
    }
  }

  async #look(): Promise<void> {
    await this.draw.look();
    // Agencies may have stopped sending because of this problem, so no commit
    // would show its end.
    if (this.stats.problem === undefined) return;
    await this.#tables.probe();
    this.stats.report("commit", undefined);
  }

  /** Asks for an agency. Turns every failure into a {@linkcode StorageError}. */
  async #ask<T>(
    agency: number,
    name: string,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#questions.ask(agency, name, work);
    } catch (cause) {
      throw new StorageError(
        `Cannot use the database: ${explainDatabase(cause)}`,
        { cause },
      );
    }
  }
}
