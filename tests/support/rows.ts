/**
 * Valid bets to send, where it does not matter which.
 *
 * @module
 */

import type { BetRow } from "./frames.ts";

/**
 * Makes bets that are all different.
 *
 * @param count How many.
 * @param from Number of the first, which its document is.
 * @returns The bets.
 */
export function rows(count: number, from = 1): BetRow[] {
  return Array.from({ length: count }, (_, i) => [
    "Ana Sofía",
    "Núñez",
    String(from + i),
    "1999-03-17",
    String((from + i) % 10_000),
  ]);
}

/**
 * Writes bets as an agency's file has them.
 *
 * @param bets The bets, in whose fields nothing needs quotes.
 * @returns The text, with CRLF at each line's end.
 */
export function csvOf(bets: readonly BetRow[]): string {
  return bets.map((bet) => `${bet.join(",")}\r\n`).join("");
}

/**
 * Writes one row of CSV (RFC 4180), with quotes where they are needed.
 *
 * @param fields The fields, without line breaks.
 * @returns The row, without a line end.
 */
export function csvRow(fields: readonly string[]): string {
  return fields.map((field) =>
    /[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
  ).join(",");
}
