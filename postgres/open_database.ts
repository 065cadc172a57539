// Connects to the database when a central starts.

import { formatAction, getLogger } from "../program/logging.ts";
import { MAX_COMMITS } from "./bets/commit_queue.ts";
import type { Address } from "./connection/address.ts";
import { Database } from "./connection/database.ts";
import { UnfitDatabaseError } from "./connection/errors.ts";
import type { Row } from "./connection/session.ts";
import { checkDatabase, prepareTables } from "./schema/prepare.ts";

export interface OpenedDatabase {
  database: Database;
  /** The tables' schema, quoted. */
  schema: string;
  /** Number of bets of each agency. */
  counts: readonly Row[];
}

/**
 * Creates or upgrades the tables, checks them, and counts the bets. The signal
 * ends it with an error.
 */
export async function openDatabase(
  address: Address,
  signal?: AbortSignal,
): Promise<OpenedDatabase> {
  let schema = "";
  // Upgrading the tables and counting all bets may take any time.
  const starter = new Database(address, {
    connections: 1,
    statementTimeoutMs: 0,
    check: async (session) => {
      schema = await prepareTables(session);
    },
  });
  const close = () => starter.close();
  signal?.addEventListener("abort", close);
  if (signal?.aborted) close();
  try {
    // The first statement connects, which finds the schema.
    await starter.query("SELECT 1");
    const { rows: counts } = await starter.query(
      `SELECT agency, count(*) AS bets FROM ${schema}.bets GROUP BY agency`,
    );
    getLogger().info(formatAction("connect_database", "success", { schema }));
    const database = new Database(address, {
      connections: MAX_COMMITS + 1,
      statementTimeoutMs: address.statementTimeoutMs,
      check: async (session) => {
        const found = await checkDatabase(session);
        if (found === schema) return;
        throw new UnfitDatabaseError(
          `its tables are in the schema ${found} now, at the start it was ${schema}`,
        );
      },
    });
    return { database, schema, counts };
  } finally {
    signal?.removeEventListener("abort", close);
    starter.close();
  }
}
