// Finds the winners in rows as they are written or read, so that a query does
// not need to read the store.

import { parse } from "@std/csv";
import { WINNING_NUMBER } from "../../bet/bet.ts";

const ZERO = 0x30;
const COMMA = 0x2c;
const DOCUMENT_COLUMN = 3;
const WINNING_DIGITS = new TextEncoder().encode(String(WINNING_NUMBER));

/**
 * True if a row's number wins; leading zeros do not count. `end` is the offset
 * after the number, the sixth column.
 */
export function isWinningRow(rows: Uint8Array, end: number): boolean {
  let at = end - WINNING_DIGITS.length;
  for (let i = WINNING_DIGITS.length - 1; i >= 0; i--) {
    if (rows[at + i] !== WINNING_DIGITS[i]) return false;
  }
  do at--; while (rows[at] === ZERO);
  return rows[at] === COMMA;
}

/** Returns the document of a row, given at least up to its sixth column. */
export function documentOfRow(row: Uint8Array): string {
  const [columns] = parse(new TextDecoder().decode(row));
  return columns![DOCUMENT_COLUMN]!;
}
