// The statements of the draw: who has finished, holding the draw, the winners.

import { WINNING_NUMBER } from "../../bet/bet.ts";
import type { Ask, Database } from "../connection/database.ts";
import { UnfitDatabaseError } from "../connection/errors.ts";
import { checkVersion } from "../schema/tables.ts";

/** Counting all bets at the draw may take longer than other statements. */
const DRAW_TIMEOUT_FACTOR = 10;

export interface DrawState {
  isHeld: boolean;
  /** Number of agencies of a held draw; `undefined` if it was not recorded. */
  agencies: number | undefined;
  /** The agencies that have finished. */
  finished: Set<number>;
}

/** The draw's part of the tables `loteria` and `agencies`. */
export class DrawTables {
  readonly #database: Database;
  readonly #schema: string;

  constructor(database: Database, schema: string) {
    this.#database = database;
    this.#schema = schema;
  }

  async read(): Promise<DrawState> {
    const ask: Ask = (text) => this.#database.query(text);
    const state = await this.#readState(ask);
    const { rows } = await ask(
      `SELECT agency FROM ${this.#schema}.agencies
      WHERE finished_at IS NOT NULL`,
    );
    const finished = new Set(rows.map(({ agency }) => Number(agency)));
    return { ...state, finished };
  }

  /**
   * Records that an agency has finished. Waits for its commits under way. After
   * the draw, nothing is recorded for an agency without a row.
   */
  async finish(agency: number): Promise<void> {
    await this.#database.query(
      `UPDATE ${this.#schema}.agencies
      SET finished_at = coalesce(finished_at, now()) WHERE agency = $1::bigint`,
      [agency],
    );
  }

  /**
   * Holds the draw if its agencies have finished. Waits for all commits under
   * way, and blocks later ones until it is done. True only if this call held
   * it.
   */
  hold(agencies: number): Promise<boolean> {
    return this.#database.transaction(async (ask) => {
      const { isHeld } = await this.#readState(ask, "FOR UPDATE");
      if (isHeld) return false;
      const finished = await ask(
        `SELECT count(*) AS agencies FROM ${this.#schema}.agencies
        WHERE agency BETWEEN 1 AND $1::bigint AND finished_at IS NOT NULL`,
        [agencies],
      );
      if (Number(finished.rows[0]!["agencies"]) < agencies) return false;
      await ask(
        `UPDATE ${this.#schema}.loteria
        SET held_at = now(), draw_agencies = $1::integer`,
        [agencies],
      );
      await this.#closeAgencies(ask);
      await this.#checkPrepared(ask);
      return true;
    }, { timeoutFactor: DRAW_TIMEOUT_FACTOR });
  }

  async winners(agency: number): Promise<string[]> {
    await this.#checkPrepared((text, values) =>
      this.#database.query(text, values)
    );
    const { rows } = await this.#database.query(
      `SELECT document FROM ${this.#schema}.bets
      WHERE agency = $1::bigint AND number = ${WINNING_NUMBER}
      ORDER BY source, position`,
      [agency],
    );
    return rows.map(({ document }) => String(document));
  }

  async winnerCounts(): Promise<Map<number, number>> {
    const { rows } = await this.#database.query(
      `SELECT agency, count(*) AS winners FROM ${this.#schema}.bets
      WHERE number = ${WINNING_NUMBER} GROUP BY agency`,
    );
    return new Map(
      rows.map(({ agency, winners }) => [Number(agency), Number(winners)]),
    );
  }

  /** Stores a bet and rolls back, to find out whether bets can be stored. */
  async probe(): Promise<void> {
    await this.#database.transaction((ask) =>
      ask(
        `INSERT INTO ${this.#schema}.bets (agency, source, position, first_name,
          last_name, document, birthdate, number)
        VALUES (0, 0, 0, '-', '-', '0', '2000-01-01', 0)`,
      ), { isKept: false });
  }

  async #readState(
    ask: Ask,
    lock = "",
  ): Promise<Omit<DrawState, "finished">> {
    const { rows: [row] } = await ask(
      `SELECT version, held_at IS NOT NULL AS "isHeld", draw_agencies AS agencies
      FROM ${this.#schema}.loteria ${lock}`,
    );
    if (!row) throw new UnfitDatabaseError("its table loteria has no row");
    const { version, isHeld, agencies } = row;
    checkVersion(version);
    return {
      isHeld: isHeld === true,
      agencies: agencies === null ? undefined : Number(agencies),
    };
  }

  /** Takes the row locks first, so that the counts see every commit. */
  async #closeAgencies(ask: Ask): Promise<void> {
    await ask(`UPDATE ${this.#schema}.agencies SET closed_at = now()`);
    await ask(
      `UPDATE ${this.#schema}.agencies AS o SET bets_drawn =
        (SELECT count(*) FROM ${this.#schema}.bets AS b
          WHERE b.agency = o.agency)`,
    );
  }

  /**
   * Bets of a prepared transaction are acknowledged but not visible yet. Only a
   * two-phase commit over several nodes creates one; its locks name no process.
   */
  async #checkPrepared(ask: Ask): Promise<void> {
    const { rows } = await ask(
      `SELECT count(*) AS locks FROM pg_locks
      WHERE pid IS NULL AND locktype = 'relation'
      AND relation = '${this.#schema}.bets'::regclass
      AND database = (SELECT oid FROM pg_database
        WHERE datname = current_database())`,
    );
    if (Number(rows[0]!["locks"]) === 0) return;
    throw new UnfitDatabaseError(
      "a prepared transaction (pg_prepared_xacts) holds bets that cannot be seen yet; commit it or roll it back",
    );
  }
}
