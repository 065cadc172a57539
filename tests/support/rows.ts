// Valid bets to send, where it does not matter which.

import type { BetRow } from "./frames.ts";

/** Makes bets that are all different. */
export function rows(count: number, from = 1): BetRow[] {
  return Array.from({ length: count }, (_, i) => [
    "Ana Sofía",
    "Núñez",
    String(from + i),
    "1999-03-17",
    String((from + i) % 10_000),
  ]);
}

/** Writes bets as an agency's file has them. */
export function csvOf(bets: readonly BetRow[]): string {
  return bets.map((bet) => `${bet.join(",")}\r\n`).join("");
}

/** Writes one row of CSV (RFC 4180), with quotes where they are needed. */
export function csvRow(fields: readonly string[]): string {
  return fields.map((field) =>
    /[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
  ).join(",");
}
