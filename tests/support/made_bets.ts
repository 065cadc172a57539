// Valid bets of all kinds, and files of them.

import { fingerprintOf } from "./fingerprint.ts";
import { csvRow } from "./rows.ts";
import type { Random } from "./random_bets.ts";
import type { BetRow } from "./frames.ts";

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
}

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

/** Draws a valid bet. */
export function randomRow(random: Random): BetRow {
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

/** Draws valid bets. */
export function randomRows(random: Random, count: number): BetRow[] {
  return Array.from({ length: count }, () => randomRow(random));
}

/** Draws the fingerprint of a file that does not exist. */
export function randomSource(random: Random): string {
  return random.bytes(8).toHex();
}

/** Writes a file of bets. */
export async function makeFile(
  path: string,
  agency: number,
  rows: readonly BetRow[],
): Promise<MadeFile> {
  const text = rows.map((row) => `${csvRow(row)}\r\n`).join("");
  await Deno.writeTextFile(path, text);
  return { path, agency, fingerprint: fingerprintOf(text), rows };
}

/** The documents of a file's winning bets, in their order. */
export function winnersOf({ rows }: MadeFile): string[] {
  return rows.filter((row) => Number(row[4]) === 7574).map((row) => row[2]!);
}
