// The statements of the hot path, which store bets of one agency. Each names
// the agency, so that a distributed engine sends it to one node
// (docs/postgres.md).

import { crc32 } from "node:zlib";
import type { Batch } from "../../bet/bet.ts";
import { columnsOf, positionsOf, sourceOf, sumOf } from "./bet_columns.ts";
import type { Database } from "../connection/database.ts";
import { sqlState, UnfitDatabaseError } from "../connection/errors.ts";

/** Attempts to store bets of an open agency; a restore may remove its row. */
const MAX_ATTEMPTS = 5;
const UNIQUE_VIOLATION = "23505";
const COLUMNS =
  "(agency, source, position, first_name, last_name, document, birthdate, number)";
const FIELDS = `unnest($3::bigint[], $4::text[], $5::text[], $6::text[],
  $7::text[]::date[], $8::text[]::bigint[]) AS bet`;

/** The outcome of a batch. */
export interface Stored {
  /** Number of its bets that were stored before. */
  before: number;
  /** Whether it was refused because the draw is held. */
  isLate: boolean;
}

interface Lookup {
  /** Positions of a statement's bets that are not stored. */
  missing: ReadonlySet<number>;
  /** Whether the draw is held. */
  isHeld: boolean;
}

const ALL_STORED: Lookup = { missing: new Set(), isHeld: false };

/** A statement that each connection prepares once. */
interface Prepared {
  text: string;
  /**
   * Contains a hash of the text: behind a pool, another client's statement may
   * have the same name.
   */
  name: string;
}

/** The part of the tables `bets` and `agencies` that stores bets. */
export class BetsTable {
  readonly #database: Database;
  readonly #schema: string;
  readonly #insertNew: Prepared;
  readonly #insertMissing: Prepared;

  /**
   * Both statements lock the agency's row until the commit, so that the draw and
   * FINISH wait for them, and they for those: no bet gets in between.
   */
  constructor(database: Database, schema: string) {
    this.#database = database;
    this.#schema = schema;
    this.#insertNew = prepared(`
      INSERT INTO ${schema}.bets ${COLUMNS}
      SELECT o.agency, $2::bigint, bet.*
      FROM (SELECT agency FROM ${schema}.agencies
        WHERE agency = $1::bigint AND closed_at IS NULL FOR SHARE) AS o, ${FIELDS}`);
    this.#insertMissing = prepared(`
      INSERT INTO ${schema}.bets ${COLUMNS}
      SELECT o.agency, $2::bigint, bet.*
      FROM ${schema}.agencies AS o, ${FIELDS}
      WHERE o.agency = $1::bigint AND o.closed_at IS NULL
      FOR SHARE OF o
      ON CONFLICT (agency, source, position) DO NOTHING
      RETURNING position`);
  }

  /**
   * Stores batches of one file, and commits. `areNew` is a guess, which saves
   * half of the server's time: ON CONFLICT looks up each key one more time and
   * writes one more log record for each.
   */
  async insert(
    batches: readonly Batch[],
    { areNew }: { areNew: boolean },
  ): Promise<Stored[]> {
    const { agency, fingerprint } = batches[0]!;
    const values = [agency, sourceOf(fingerprint), ...columnsOf(batches)];
    if (areNew && await this.#storeNew(batches, values)) {
      return batches.map(() => ({ before: 0, isLate: false }));
    }
    const { text, name } = this.#insertMissing;
    const added = new Set<number>();
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const { rows } = await this.#database.query(text, values, name);
      for (const { position } of rows) added.add(Number(position));
      const { missing, isHeld } = added.size === betsOf(batches)
        ? ALL_STORED
        : await this.#lookUp(values);
      if (missing.size === 0 || isHeld) {
        return outcomes(batches, { added, missing });
      }
      // The statement found no row of the agency. Perhaps somebody else has added
      // it since, so only another attempt shows whether the bets can be stored.
      await this.addAgency(agency);
    }
    throw new UnfitDatabaseError(
      `bets of agency ${agency} are neither stored now nor before; is there a trigger, or is its row removed or closed without a draw?`,
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

  /** Stores batches if none of their bets is stored. Returns whether it did. */
  async #storeNew(
    batches: readonly Batch[],
    values: readonly unknown[],
  ): Promise<boolean> {
    const { text, name } = this.#insertNew;
    try {
      const { rowCount } = await this.#database.query(text, values, name);
      return rowCount === betsOf(batches);
    } catch (error) {
      if (sqlState(error) === UNIQUE_VIOLATION) return false;
      throw error;
    }
  }

  /**
   * Reads both facts with one statement, because both change. Without OFFSET,
   * PostgreSQL reads the whole file for each statement while it has no statistics
   * of a new table, instead of looking up each position.
   */
  async #lookUp(
    [agency, source, positions]: readonly unknown[],
  ): Promise<Lookup> {
    const { rows: [row] } = await this.#database.query(
      `SELECT held_at IS NOT NULL AS "isHeld",
        ARRAY(SELECT position FROM unnest($3::bigint[]) AS sent (position)
          WHERE NOT EXISTS (SELECT FROM ${this.#schema}.bets AS b
            WHERE b.agency = $1::bigint AND b.source = $2::bigint
            AND b.position = sent.position OFFSET 0)) AS missing
      FROM ${this.#schema}.loteria`,
      [agency, source, positions],
    );
    if (!row) throw new UnfitDatabaseError("its table loteria has no row");
    const missing = new Set((row["missing"] as unknown[]).map(Number));
    return { missing, isHeld: row["isHeld"] === true };
  }
}

/**
 * The outcome of each batch. What is missing came after the draw; all else that
 * was not added now was stored before.
 */
function outcomes(
  batches: readonly Batch[],
  { added, missing }: { added: Set<number>; missing: ReadonlySet<number> },
): Stored[] {
  return batches.map((batch) => {
    // A second batch with the same bet finds it stored by the first.
    const others = positionsOf(batch).filter((one) => !added.delete(one));
    const before = others.filter((one) => !missing.has(one)).length;
    return { before, isLate: before < others.length };
  });
}

function betsOf(batches: readonly Batch[]): number {
  return sumOf(batches, ({ betCount }) => betCount);
}

function prepared(text: string): Prepared {
  return { text, name: `insert_bets_${crc32(text)}` };
}
