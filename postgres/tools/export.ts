// `deno task export:postgres`: all bets as CSV, in constant memory.

import type { Ask } from "../connection/database.ts";
import { writeLine } from "../../program/logging.ts";

const ROWS_AT_ONCE = 2_000;

/** Writes all bets. Called in a transaction, for a consistent snapshot. */
export async function exportBets(ask: Ask, schema: string): Promise<void> {
  await ask(`
    DECLARE bets_in_order NO SCROLL CURSOR FOR
    SELECT agency, first_name, last_name, document,
      to_char(birthdate, 'YYYY-MM-DD') AS birthdate, number
    FROM ${schema}.bets ORDER BY agency, source, position`);
  while (true) {
    const { rows } = await ask(`FETCH ${ROWS_AT_ONCE} FROM bets_in_order`);
    if (rows.length === 0) return;
    const lines = rows.map((row) =>
      Object.values(row).map((field) => csvField(String(field))).join()
    );
    writeLine(Deno.stdout, lines.join("\n"));
  }
}

function csvField(field: string): string {
  return /[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
