// Connects to the database when a central starts.

import { formatAction, getLogger } from "../program/logging.ts";
import { MAX_COMMITS } from "./bets/commit_queue.ts";
import type { Address } from "./connection/address.ts";
import { Database } from "./connection/database.ts";
import { UnfitDatabaseError } from "./connection/errors.ts";
import type { Row } from "./connection/session.ts";
import { MAX_QUESTIONS } from "./question_queue.ts";
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
  const database = new Database(address, {
    connections: MAX_COMMITS + MAX_QUESTIONS,
    check: async (session) => {
      if (schema === "") {
        schema = await prepareTables(session);
        return;
      }
      const found = await checkDatabase(session);
      if (found === schema) return;
      throw new UnfitDatabaseError(
        `its tables are in the schema ${found} now, at the start it was ${schema}`,
      );
    },
  });
  const close = () => database.close();
  signal?.addEventListener("abort", close);
  if (signal?.aborted) close();
  try {
    // The first statement of the transaction connects, which finds the schema.
    // Counting all bets may take any time.
    const { rows: counts } = await database.transaction(
      (ask) =>
        ask(
          `SELECT agency, count(*) AS bets FROM ${schema}.bets GROUP BY agency`,
        ),
      { timeoutFactor: 0 },
    );
    getLogger().info(formatAction("connect_database", "success", { schema }));
    return { database, schema, counts };
  } catch (error) {
    close();
    throw error;
  } finally {
    signal?.removeEventListener("abort", close);
  }
}
