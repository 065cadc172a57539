/**
 * The store in a PostgreSQL database, which many centrals may share
 * (docs/postgres.md). Exactly once is the database's: its primary key.
 *
 * @module
 */

import type { Row } from "postgres";
import { countBets } from "../bet/bet.ts";
import { ProgramError } from "../program/errors.ts";
import { formatAction, getLogger } from "../program/logging.ts";
import {
  type BatchWriter,
  type DrawHolder,
  type ExpectedBets,
  IncompleteError,
  type OnCommit,
  StorageError,
  type Store,
  type StoreDraw,
  type StoreStats,
} from "../storage.ts";
import { keyOf } from "./bet_columns.ts";
import { CommitQueue } from "./commit_queue.ts";
import {
  connect,
  Database,
  describeDatabase,
  explainDatabase,
} from "./database.ts";
import { prepareSchema } from "./schema.ts";

/** How often is looked at what other centrals have done. */
const POLL_PERIOD_MS = 1000;

/** Options of {@linkcode PostgresStore.open}. */
export interface PostgresStoreOptions {
  /**
   * Number of agencies in the draw, with ids from 1; 0 for no draw.
   *
   * @default {0}
   */
  drawAgencies?: number;
  /**
   * Called after each commit.
   *
   * @default {undefined}
   */
  onCommit?: OnCommit | undefined;
}

/** Holds every acknowledged bet exactly once. */
export class PostgresStore implements Store {
  readonly #database: Database;
  readonly #queue: CommitQueue;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #held = Promise.withResolvers<DrawHolder>();
  readonly #winnerCounts = new Map<number, number>();
  #finished = new Set<number>();
  #isHeld = false;
  readonly #drawAgencies: number;
  #polling: Promise<void> | undefined;
  #bets = 0;
  /** Number of bets of each agency: those at the start, and this central's. */
  readonly #agencyBets: Map<number, number> = new Map();
  /** Why the last commit failed, if it did. */
  #commitProblem: string | undefined;
  /** Why the last look at the database failed, if it did. */
  #readProblem: string | undefined;
  /** The draw. */
  readonly draw: StoreDraw;
  /** What the store contains. */
  readonly stats: StoreStats;
  /** Never: a database may come back. */
  readonly lost: Promise<StorageError> = new Promise(() => {});

  private constructor(
    database: Database,
    { drawAgencies = 0, onCommit }: PostgresStoreOptions,
  ) {
    this.#database = database;
    this.#drawAgencies = drawAgencies;
    this.draw = this.#createDraw();
    this.stats = this.#createStats();
    this.#queue = new CommitQueue(database, {
      onStored: (agency, bets) => this.#count(agency, bets),
      onCommit: (batches, seconds) => onCommit?.(batches, seconds),
      onOutcome: (problem) => {
        this.#logChange(this.#commitProblem, problem);
        this.#commitProblem = problem;
      },
    });
    this.#timer = setInterval(() => {
      this.#polling ??= this.#poll().finally(() => this.#polling = undefined);
    }, POLL_PERIOD_MS);
  }

  /**
   * Opens the store. Creates its tables if they do not exist.
   *
   * @param url The database's address.
   * @param options Hooks.
   * @returns The store.
   * @throws {ProgramError} If the database cannot be used, in one line.
   */
  static async open(
    url: string,
    options: PostgresStoreOptions = {},
  ): Promise<PostgresStore> {
    // Counting all bets may take its time: without a limit.
    const sql = connect(url);
    try {
      await prepareSchema(sql);
      const counts = await sql`
        SELECT agency, count(*) AS bets FROM bets GROUP BY agency`;
      const store = new PostgresStore(new Database(url), options);
      try {
        await store.#start(counts);
        return store;
      } catch (error) {
        await store.close();
        throw error;
      }
    } catch (cause) {
      throw new ProgramError(
        `Cannot open store "${describeDatabase(url)}": ${
          explainDatabase(cause)
        }`,
        { cause },
      );
    } finally {
      await sql.end({ timeout: 0 });
    }
  }

  #createDraw(): StoreDraw {
    const isHeld = () => this.#drawAgencies > 0 && this.#isHeld;
    return {
      agencies: this.#drawAgencies,
      held: this.#held.promise,
      get isHeld() {
        return isHeld();
      },
    };
  }

  #createStats(): StoreStats {
    const bets = () => this.#bets;
    const finished = () => this.#finished;
    const problem = () => this.#commitProblem ?? this.#readProblem;
    return {
      get bets() {
        return bets();
      },
      agencyBets: this.#agencyBets,
      winnerCount: (agency) => this.#winnerCounts.get(agency) ?? 0,
      get finished() {
        return finished();
      },
      sizeBytes: undefined,
      get problem() {
        return problem();
      },
    };
  }

  /** Creates the writer of one connection. */
  writer(): BatchWriter {
    let failure: StorageError | undefined;
    return {
      append: async (batch) => {
        if (failure) throw failure;
        try {
          return countBets(batch) - await this.#queue.add(batch);
        } catch (error) {
          if (error instanceof StorageError) failure = error;
          throw error;
        }
      },
      [Symbol.dispose]: () => {},
    };
  }

  /** Records that an agency has no more bets, and holds the draw if it can. */
  async finish(agency: number, expected?: ExpectedBets): Promise<void> {
    if (expected) await this.#throwIfIncomplete(agency, expected);
    await this.#ask(
      "INSERT INTO finished (agency) VALUES ($1) ON CONFLICT DO NOTHING",
      [agency],
    );
    this.#finished.add(agency);
    if (this.#isHeld || this.#drawAgencies === 0) return;
    if (await this.#holdDraw()) this.#held.resolve("here");
  }

  async #throwIfIncomplete(
    agency: number,
    { fingerprint, records }: ExpectedBets,
  ): Promise<void> {
    const { source } = keyOf({ agency, fingerprint });
    const [row] = await this.#ask(
      "SELECT count(*) AS bets FROM bets WHERE agency = $1 AND source = $2",
      [agency, source],
    );
    const missing = records - Number(row?.["bets"]);
    if (missing > 0) throw new IncompleteError(agency, missing, records);
  }

  /**
   * Holds the draw if all its agencies have finished. The update waits for the
   * commits under way, and every later one for the update.
   */
  async #holdDraw(): Promise<boolean> {
    const held = await this.#ask(
      `
      UPDATE loteria SET draw_held_at = now()
      WHERE draw_held_at IS NULL AND $1 =
        (SELECT count(*) FROM finished WHERE agency BETWEEN 1 AND $1)
      RETURNING 1`,
      [this.#drawAgencies],
    );
    if (held.length === 0) return false;
    // If this fails, the next look finds the draw held.
    await this.#countWinners();
    this.#isHeld = true;
    return true;
  }

  /** Returns the documents of an agency's winners, file by file in order. */
  async winners(agency: number): Promise<readonly string[]> {
    const rows = await this.#ask(
      `
      SELECT document FROM bets WHERE agency = $1 AND number = 7574
      ORDER BY source, position`,
      [agency],
    );
    return rows.map(({ document }) => String(document));
  }

  /** Waits for pending commits and closes the connections. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([
      this.#polling,
      this.#queue.whenIdle(),
      this.#database.close(),
    ]);
  }

  /** Takes over what the database has when this central starts. */
  async #start(counts: readonly Row[]): Promise<void> {
    for (const { agency, bets } of counts) {
      this.#count(Number(agency), Number(bets));
    }
    await this.#look();
    this.#isHeld = await this.#isDrawHeld();
    if (!this.#isHeld) return;
    await this.#countWinners();
    if (this.#drawAgencies > 0) this.#held.resolve("earlier");
  }

  /** Looks at what other centrals have done. Never rejects. */
  async #poll(): Promise<void> {
    let problem: string | undefined;
    try {
      await this.#look();
      if (!this.#isHeld) await this.#lookForDraw();
    } catch (error) {
      problem = `Cannot read the database: ${explainDatabase(error)}`;
    }
    this.#logChange(this.#readProblem, problem);
    this.#readProblem = problem;
  }

  async #lookForDraw(): Promise<void> {
    // A central may have died between recording the last FINISH and the draw.
    const agencies = this.#drawAgencies;
    const areDone = agencies > 0 && this.#finished.size >= agencies;
    const isOwn = areDone && await this.#holdDraw();
    if (!isOwn) {
      if (!await this.#isDrawHeld()) return;
      await this.#countWinners();
      this.#isHeld = true;
    }
    this.#held.resolve("elsewhere");
  }

  async #look(): Promise<void> {
    const finished = await this.#database.query("SELECT agency FROM finished");
    this.#finished = new Set(finished.map(({ agency }) => Number(agency)));
  }

  async #isDrawHeld(): Promise<boolean> {
    const [row] = await this.#database.query(
      "SELECT draw_held_at FROM loteria",
    );
    return row?.["draw_held_at"] !== null;
  }

  async #countWinners(): Promise<void> {
    const rows = await this.#ask(
      `
      SELECT agency, count(*) AS winners FROM bets WHERE number = 7574
      GROUP BY agency`,
    );
    for (const { agency, winners } of rows) {
      this.#winnerCounts.set(Number(agency), Number(winners));
    }
  }

  #count(agency: number, bets: number): void {
    this.#bets += bets;
    const before = this.#agencyBets.get(agency) ?? 0;
    this.#agencyBets.set(agency, before + bets);
  }

  /** Logs the first of several failures, and the end of them. */
  #logChange(before: string | undefined, now: string | undefined): void {
    if ((before === undefined) === (now === undefined)) return;
    if (now === undefined) {
      getLogger().info(formatAction("database", "success"));
    } else {
      getLogger().error(formatAction("database", "fail", { error: now }));
    }
  }

  /** Runs a statement. Every failure is a {@linkcode StorageError}. */
  async #ask(
    statement: string,
    parameters: (number | string)[] = [],
  ): Promise<Row[]> {
    try {
      return await this.#database.query(statement, parameters);
    } catch (cause) {
      throw new StorageError(
        `Cannot use the database: ${explainDatabase(cause)}`,
        { cause },
      );
    }
  }
}
