// The statements of the hot path, which store bets of one agency. Each names
// the agency, so that a distributed engine sends it to one node
// (docs/postgres.md).

import { crc32 } from "node:zlib";
import type { Batch } from "../../bet/bet.ts";
import { arrayOf, columnsOf, sourceOf } from "./bet_columns.ts";
import type { Database } from "../connection/database.ts";
import { UnfitDatabaseError } from "../connection/errors.ts";
import type { Row } from "../connection/session.ts";

/** Attempts to find the agency's row, which a restore may have removed. */
const MAX_ATTEMPTS = 5;

/** The outcome of a batch. */
export interface Stored {
  /** Number of its bets. */
  bets: number;
  /** Number of bets that were stored before. */
  before: number;
  /** Whether the draw is held, so that nothing was stored now. */
  isLate: boolean;
}

/** The tables `bets` and `agencies`, as far as needed to store bets. */
export class BetsTable {
  readonly #database: Database;
  readonly #schema: string;
  /**
   * Contains a hash of the text: behind a pool, another client's statement may
   * have the same name.
   */
  readonly #insertName: string;

  constructor(database: Database, schema: string) {
    this.#database = database;
    this.#schema = schema;
    this.#insertName = `insert_bets_${crc32(this.#insertStatement)}`;
  }

  /** Stores batches of one file, and commits. */
  async insert(batches: readonly Batch[]): Promise<Stored[]> {
    const { agency, fingerprint } = batches[0]!;
    const source = sourceOf(fingerprint);
    const { positions, parameters } = columnsOf(batches);
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const values = [agency, source, ...parameters];
      const { rows } = await this.#database.query(
        this.#insertStatement,
        values,
        this.#insertName,
      );
      if (rows.length > 0) return storedOf(positions, rows);
      const state = await this.#stateOf(agency);
      if (state === "closed") {
        return await this.#late(agency, source, positions);
      }
      if (state === "open") return storedOf(positions, []);
      await this.addAgency(agency);
    }
    throw new UnfitDatabaseError(
      `the row of agency ${agency} is removed again and again`,
    );
  }

  /**
   * Creates the row of an agency, if there is none and the draw is not held.
   */
  async addAgency(agency: number): Promise<void> {
    await this.#database.query(
      `INSERT INTO ${this.#schema}.agencies (agency)
      SELECT $1 FROM ${this.#schema}.loteria WHERE held_at IS NULL FOR SHARE
      ON CONFLICT (agency) DO NOTHING`,
      [agency],
    );
  }

  /** Number of stored bets of a file. */
  async count(agency: number, fingerprint: string): Promise<number> {
    const { rows } = await this.#database.query(
      `SELECT count(*) AS bets FROM ${this.#schema}.bets
      WHERE agency = $1::bigint AND source = $2::bigint`,
      [agency, sourceOf(fingerprint)],
    );
    return Number(rows[0]!["bets"]);
  }

  /**
   * Locks the agency's row until the commit, so that the draw and FINISH wait
   * for it, and this statement for them: no bet gets in between.
   */
  get #insertStatement(): string {
    return `
      INSERT INTO ${this.#schema}.bets (agency, source, position, first_name,
        last_name, document, birthdate, number)
      SELECT o.agency, $2::bigint, bet.*
      FROM ${this.#schema}.agencies AS o, unnest($3::bigint[], $4::text[],
        $5::text[], $6::text[], $7::date[], $8::bigint[]) AS bet
      WHERE o.agency = $1::bigint AND o.closed_at IS NULL
      FOR SHARE OF o
      ON CONFLICT (agency, source, position) DO NOTHING
      RETURNING position`;
  }

  /** Whether an agency may bet, or has no row yet. */
  async #stateOf(agency: number): Promise<"closed" | "open" | "unknown"> {
    const { rows } = await this.#database.query(
      `SELECT l.held_at IS NOT NULL AS "isHeld", o.agency IS NOT NULL AS "isKnown",
        o.closed_at IS NOT NULL AS "isClosed"
      FROM ${this.#schema}.loteria AS l
      LEFT JOIN ${this.#schema}.agencies AS o ON o.agency = $1::bigint`,
      [agency],
    );
    const [row] = rows;
    if (!row) throw new UnfitDatabaseError("its table loteria has no row");
    if (row["isHeld"]) return "closed";
    if (!row["isKnown"]) return "unknown";
    if (!row["isClosed"]) return "open";
    throw new UnfitDatabaseError(
      `agency ${agency} is closed, but the draw is not held`,
    );
  }

  /** Counts stored bets after the draw is held. */
  async #late(
    agency: number,
    source: string,
    positions: readonly number[][],
  ): Promise<Stored[]> {
    const { rows } = await this.#database.query(
      `SELECT position FROM ${this.#schema}.bets
      WHERE agency = $1::bigint AND source = $2::bigint
      AND position = ANY ($3::bigint[])`,
      [agency, source, arrayOf(positions.flat())],
    );
    const stored = new Set(rows.map(positionOf));
    return positions.map((ofBatch) => ({
      bets: ofBatch.length,
      before: ofBatch.filter((position) => stored.has(position)).length,
      isLate: true,
    }));
  }
}

/** For each batch, how many of its bets are not among the new ones. */
function storedOf(
  positions: readonly number[][],
  rows: readonly Row[],
): Stored[] {
  const added = new Set(rows.map(positionOf));
  return positions.map((ofBatch) => {
    let before = 0;
    for (const position of ofBatch) {
      // A second batch with the same bet finds it stored by the first.
      if (!added.delete(position)) before++;
    }
    return { bets: ofBatch.length, before, isLate: false };
  });
}

function positionOf({ position }: Row): number {
  return Number(position);
}
