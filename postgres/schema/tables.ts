// The tables (docs/postgres.md), and the statements that create them.

import { UnfitDatabaseError } from "../connection/errors.ts";

export const SCHEMA_VERSION = 2;

/** Throws unless the tables have the version of this central. */
export function checkVersion(version: unknown): void {
  if (Number(version) === SCHEMA_VERSION) return;
  throw new UnfitDatabaseError(
    `its tables have version ${version}, this central knows version ${SCHEMA_VERSION}`,
  );
}

/** The required shape of a table. */
export interface TableShape {
  /** Its columns in any order, with their types. */
  columns: Readonly<Record<string, string>>;
  /** Columns of its primary key. */
  key: readonly string[];
  /** Rights that the central's role needs. */
  rights: readonly string[];
}

export const TABLES: Readonly<Record<string, TableShape>> = {
  loteria: {
    columns: {
      id: "integer",
      version: "integer",
      held_at: "timestamp with time zone",
      draw_agencies: "integer",
    },
    key: ["id"],
    rights: ["SELECT", "UPDATE"],
  },
  agencies: {
    columns: {
      agency: "bigint",
      finished_at: "timestamp with time zone",
      closed_at: "timestamp with time zone",
      bets_drawn: "bigint",
    },
    key: ["agency"],
    rights: ["SELECT", "INSERT", "UPDATE"],
  },
  bets: {
    columns: {
      agency: "bigint",
      source: "bigint",
      position: "bigint",
      first_name: "text",
      last_name: "text",
      document: "text",
      birthdate: "date",
      number: "bigint",
    },
    key: ["agency", "source", "position"],
    rights: ["SELECT", "INSERT"],
  },
};

/** Without a value until the agency has finished, or the draw is held. */
const NULLABLE: readonly string[] = [
  ...["finished_at", "closed_at", "bets_drawn", "held_at", "draw_agencies"],
];

function createTable(name: string, ...constraints: string[]): string {
  const { columns, key } = TABLES[name]!;
  const definitions = Object.entries(columns).map(([column, type]) =>
    `${column} ${type}${NULLABLE.includes(column) ? "" : " NOT NULL"}`
  );
  const keyOfTable = `PRIMARY KEY (${key.join()})`;
  return `CREATE TABLE ${name} (${
    [...definitions, keyOfTable, ...constraints].join()
  })`;
}

/** Creates the tables in the first schema of the search path. */
export const CREATE_TABLES: readonly string[] = [
  createTable("loteria", "CHECK (id = 1)"),
  createTable("agencies"),
  createTable("bets"),
  "CREATE INDEX bets_winners ON bets (agency) WHERE number = 7574",
  `INSERT INTO loteria (id, version) VALUES (1, ${SCHEMA_VERSION})`,
];

/**
 * Upgrades the tables of version 1. Renames `draw_held_at`, so that the
 * statements of a version 1 central fail, which it answers with STORAGE: it
 * would not wait for the locks of this version.
 */
export const UPGRADE_FROM_1: readonly string[] = [
  "ALTER TABLE loteria RENAME COLUMN draw_held_at TO held_at",
  "ALTER TABLE loteria ADD COLUMN draw_agencies integer",
  createTable("agencies"),
  `INSERT INTO agencies (agency, finished_at, closed_at, bets_drawn)
    SELECT agency, finished_at, held_at,
      CASE WHEN held_at IS NOT NULL THEN coalesce(bets, 0) END
    FROM finished FULL JOIN
      (SELECT agency, count(*) AS bets FROM bets GROUP BY agency) AS counted
      USING (agency), loteria`,
  "DROP TABLE finished",
  `UPDATE loteria SET version = ${SCHEMA_VERSION}`,
];
