/**
 * The tables (docs/postgres.md).
 *
 * @module
 */

import type { Sql } from "postgres";
import { ProgramError } from "../program/errors.ts";

/** Version of the tables. A central with another one refuses them. */
export const SCHEMA_VERSION = 1;

/** Two centrals that create the tables at once may get in each other's way. */
const ATTEMPTS = 5;
/** The same table, type or row was made by another central just now. */
const CONFLICTS: readonly string[] = ["23505", "42P07", "42710", "XX000"];

const STATEMENTS = [
  `CREATE TABLE IF NOT EXISTS loteria (
    id integer PRIMARY KEY CHECK (id = 1),
    version integer NOT NULL,
    draw_held_at timestamptz
  )`,
  `INSERT INTO loteria (id, version) VALUES (1, ${SCHEMA_VERSION})
    ON CONFLICT DO NOTHING`,
  `CREATE TABLE IF NOT EXISTS bets (
    agency bigint NOT NULL,
    source bigint NOT NULL,
    position bigint NOT NULL,
    first_name text NOT NULL,
    last_name text NOT NULL,
    document text NOT NULL,
    birthdate date NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (agency, source, position)
  )`,
  `CREATE INDEX IF NOT EXISTS bets_winners ON bets (agency)
    WHERE number = 7574`,
  `CREATE TABLE IF NOT EXISTS finished (
    agency bigint PRIMARY KEY,
    finished_at timestamptz NOT NULL DEFAULT now()
  )`,
];

/**
 * Creates the tables that are absent, and checks their version.
 *
 * @param sql The database.
 * @throws {ProgramError} If the tables have another version.
 */
export async function prepareSchema(sql: Sql): Promise<void> {
  if (!await hasSchema(sql)) await createTables(sql);
  await checkVersion(sql);
}

/**
 * Checks the version of the tables, and changes nothing.
 *
 * @param sql The database.
 * @throws {ProgramError} If it is another one.
 */
export async function checkVersion(sql: Sql): Promise<void> {
  const [row] = await sql`SELECT version FROM loteria`;
  const version = Number(row?.["version"]);
  if (version === SCHEMA_VERSION) return;
  throw new ProgramError(
    `Cannot use the database: its tables have version ${version}, this central knows version ${SCHEMA_VERSION}`,
  );
}

async function hasSchema(sql: Sql): Promise<boolean> {
  const [row] = await sql`
    SELECT count(*) AS tables FROM information_schema.tables
    WHERE table_schema = current_schema()
    AND table_name IN ('loteria', 'bets', 'finished')`;
  return Number(row?.["tables"]) === 3;
}

async function createTables(sql: Sql): Promise<void> {
  for (let attempt = 1;; attempt++) {
    try {
      for (const statement of STATEMENTS) await sql.unsafe(statement);
      return;
    } catch (error) {
      const { code } = error as { code?: string };
      if (attempt === ATTEMPTS || !CONFLICTS.includes(code ?? "")) throw error;
    }
  }
}
