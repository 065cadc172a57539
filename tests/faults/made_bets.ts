/**
 * Makes valid bets of all kinds, and files of them.
 *
 * @module
 */

import { fingerprintOf } from "../support/fingerprint.ts";
import { csvRow } from "../support/rows.ts";
import type { ForkableRandom } from "../support/seeded.ts";
import type { BetRow } from "../support/frames.ts";

/** A file of bets, and the bets that the store must have. */
export interface MadeFile {
  /** Where it is. */
  path: string;
  /** The agency's id. */
  agency: number;
  /** The file's fingerprint. */
  fingerprint: string;
  /** Its bets, in order. */
  rows: readonly BetRow[];
  /** Exit code of its agency: 2 if some bets break a rule. @default {0} */
  exitCode?: number;
}

const SOURCE_DIGITS = 16;
const NAMES = [
  "Ana",
  "María de los Ángeles",
  "Núñez",
  "O'Higgins",
  'Juan "El Zurdo"',
  "Pérez, hijo",
  "李小龍",
  "🎲",
  "X",
  "Ñ".repeat(40),
];

/**
 * Makes a valid bet.
 *
 * @param random Where it comes from.
 * @returns The bet.
 */
export function randomRow(random: ForkableRandom): BetRow {
  const year = random.between(1, 2024).toString().padStart(4, "0");
  const month = random.between(1, 12).toString().padStart(2, "0");
  const day = random.between(1, 28).toString().padStart(2, "0");
  return [
    random.pick(NAMES),
    random.pick(NAMES),
    String(random.between(0, 99_999_999)).padStart(8, "0"),
    `${year}-${month}-${day}`,
    String(random.between(0, 10_000)),
  ];
}

/**
 * Makes bets.
 *
 * @param random Where they come from.
 * @param count How many.
 * @returns The bets.
 */
export function randomRows(random: ForkableRandom, count: number): BetRow[] {
  return Array.from({ length: count }, () => randomRow(random));
}

/**
 * Makes the fingerprint of a file that does not exist.
 *
 * @param random Where it comes from.
 * @returns 16 hex digits.
 */
export function randomSource(random: ForkableRandom): string {
  return random.bytes(SOURCE_DIGITS / 2).toHex();
}

/**
 * Writes a file of bets.
 *
 * @param path Where.
 * @param agency The agency's id.
 * @param rows Its bets.
 * @returns What the store must have of it.
 */
export async function makeFile(
  path: string,
  agency: number,
  rows: readonly BetRow[],
): Promise<MadeFile> {
  const text = rows.map((row) => `${csvRow(row)}\r\n`).join("");
  await Deno.writeTextFile(path, text);
  return { path, agency, fingerprint: fingerprintOf(text), rows };
}

/**
 * Finds the bets of a file that win.
 *
 * @param file The file.
 * @returns Their documents, in order.
 */
export function winnersOf({ rows }: MadeFile): string[] {
  return rows.filter((row) => Number(row[4]) === 7574).map((row) => row[2]!);
}
