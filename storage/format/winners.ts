/**
 * Finds the winners in rows as they are written or read, so that a query need
 * not read the store.
 *
 * @module
 */

import { parse } from "@std/csv";
import { WINNING_NUMBER } from "../../bet/bet.ts";

const ZERO = 0x30;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const DOCUMENT_COLUMN = 3;
const WINNING_DIGITS = new TextEncoder().encode(String(WINNING_NUMBER));

/**
 * True if a row's number wins. Leading zeros do not count.
 *
 * @param rows Rows of the store.
 * @param end Offset after the row's number, its sixth column.
 * @returns Whether it wins.
 */
export function isWinningRow(rows: Uint8Array, end: number): boolean {
  let at = end - WINNING_DIGITS.length;
  for (let i = WINNING_DIGITS.length - 1; i >= 0; i--) {
    if (rows[at + i] !== WINNING_DIGITS[i]) return false;
  }
  do at--; while (rows[at] === ZERO);
  return rows[at] === COMMA;
}

/**
 * Finds the winners of a batch.
 *
 * @param rows The batch's rows, without the commit mark.
 * @returns The documents of the winning bets, in order.
 */
export function findWinners(rows: Uint8Array): string[] {
  const winners: string[] = [];
  for (let start = 0; start < rows.length;) {
    const newline = rows.indexOf(NEWLINE, start);
    const end = newline < 0 ? rows.length : newline;
    if (isWinningRow(rows, end)) {
      winners.push(documentOfRow(rows.subarray(start, end)));
    }
    start = end + 1;
  }
  return winners;
}

/**
 * Returns the document of a row.
 *
 * @param row The row, at least up to its sixth column.
 * @returns The document.
 */
export function documentOfRow(row: Uint8Array): string {
  const [columns] = parse(new TextDecoder().decode(row));
  return columns![DOCUMENT_COLUMN]!;
}
