// Creates the tables at a central's start, or upgrades those of an earlier
// version.

import {
  explainDatabase,
  sqlState,
  UnfitDatabaseError,
} from "../connection/errors.ts";
import type { Session } from "../connection/session.ts";
import { formatAction, getLogger } from "../../program/logging.ts";
import { checkTables, inspect } from "./inspect.ts";
import { CREATE_TABLES, SCHEMA_VERSION, UPGRADE_FROM_1 } from "./tables.ts";

/** Centrals that start at once conflict with each other. */
const ATTEMPTS = 5;
/** Another central has just created or dropped the same table, type or row. */
const CONFLICTS: readonly string[] = [
  ...["23505", "42P07", "42710", "XX000", "40001", "40P01", "42701", "42703"],
  ...["42P01"],
];

/** Creates or upgrades the tables if needed. Returns their schema, quoted. */
export async function prepareTables(session: Session): Promise<string> {
  for (let attempt = 1;; attempt++) {
    const inspection = await inspect(session);
    const { schema, version } = inspection;
    if (schema !== undefined && version === SCHEMA_VERSION) {
      checkTables(inspection);
      warnOf(inspection.unsafe);
      return schema;
    }
    try {
      if (schema === undefined) await create(session);
      else if (version === 1) await upgrade(session, schema);
      else checkTables(inspection);
    } catch (error) {
      const state = sqlState(error) ?? "";
      if (attempt === ATTEMPTS || !CONFLICTS.includes(state)) throw error;
    }
  }
}

/** A file system may make them superfluous, so they are not an error. */
function warnOf(unsafe: readonly string[]): void {
  if (unsafe.length === 0) return;
  getLogger().warn(formatAction("check_database", "fail", {
    reason: `${
      unsafe.join(" and ")
    } off: a crash of the database's machine may lose bets after their OK`,
  }));
}

/** Checks a database that a central has used before. Returns its schema. */
export async function checkDatabase(session: Session): Promise<string> {
  const inspection = await inspect(session);
  if (inspection.schema === undefined) {
    throw new UnfitDatabaseError("it has no tables of a central");
  }
  checkTables(inspection);
  return inspection.schema;
}

async function create(session: Session): Promise<void> {
  await runAll(session, CREATE_TABLES);
  getLogger().info(formatAction("create_tables", "success", {
    version: SCHEMA_VERSION,
  }));
}

/** Waits for the statements of version 1 centrals, and locks them out. */
async function upgrade(session: Session, schema: string): Promise<void> {
  await runAll(session, [
    `SET LOCAL search_path TO ${schema}, pg_catalog`,
    "LOCK TABLE loteria IN ACCESS EXCLUSIVE MODE",
    "LOCK TABLE bets, finished IN EXCLUSIVE MODE",
    ...UPGRADE_FROM_1,
  ]);
  getLogger().warn(formatAction("upgrade_tables", "success", {
    version: SCHEMA_VERSION,
    reason:
      "centrals of version 1 can no longer store bets; restart them with this version",
  }));
}

/** Runs statements in one transaction, without a time limit. */
async function runAll(
  session: Session,
  statements: readonly string[],
): Promise<void> {
  const ask = (text: string) =>
    session.query(text, undefined, { timeoutMs: 0 });
  await ask("BEGIN ISOLATION LEVEL READ COMMITTED");
  try {
    await ask("SET LOCAL statement_timeout TO 0");
    for (const statement of statements) await ask(statement);
    await ask("COMMIT");
  } catch (error) {
    await ask("ROLLBACK").catch((cause) => {
      getLogger().debug(`rollback: ${explainDatabase(cause)}`);
    });
    throw error;
  }
}
