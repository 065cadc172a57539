/**
 * Files of bets in a simulation, valid and invalid ones.
 *
 * @module
 */

import { randomRow } from "../faults/made_bets.ts";
import { fingerprintOf } from "../support/fingerprint.ts";
import type { BetRow } from "../support/frames.ts";
import { csvRow } from "../support/rows.ts";
import { SimulatedProcess } from "./event_loop.ts";
import type { KnownFile } from "./ledger.ts";
import type { World } from "./world.ts";

/** Most bets of a file. Of a large file, many share a commit. */
const MAX_BETS = [20, 100, 400];
const WIN_CHANCE = 0.2;
const INVALID_CHANCE = 0.05;
const UNREADABLE_CHANCE = 0.02;
/** A field that breaks a rule: which one, and its value. */
const INVALID_FIELDS: readonly (readonly [number, string])[] = [
  [2, "12a"],
  [3, "2023-02-29"],
  [4, "4294967296"],
];

/** A file on the disk of its agency. */
export interface SimulatedBetFile extends KnownFile {
  /** Its path. */
  path: string;
  /** Whether it was sent to its end. */
  isSent: boolean;
}

/**
 * Draws a row of a file.
 *
 * @param world The simulation.
 * @returns A valid bet.
 */
export function drawRow({ random }: World): BetRow {
  const row = randomRow(random);
  return random.says(WIN_CHANCE) ? row.with(4, "7574") : row;
}

/**
 * Makes a file on the disk of its agency.
 *
 * @param world The simulation.
 * @param agency The agency's id.
 * @param number Distinguishes the files of an agency.
 * @returns The file.
 */
export function makeBetFile(
  world: World,
  agency: number,
  number: number,
): SimulatedBetFile {
  const { random, ledger, loop } = world;
  const invalidChance = random.pick([0, 0, INVALID_CHANCE]);
  const rows: BetRow[] = [];
  const invalid = new Set<number>();
  let isOrdered = true;
  let hasBet = false;
  let text = "";
  for (let left = random.between(1, random.pick(MAX_BETS)); left > 0; left--) {
    if (random.says(UNREADABLE_CHANCE)) {
      text += "not,a,bet\n";
      invalid.add(rows.length);
      rows.push(["not", "a", "bet", "", ""]);
    }
    let row = drawRow(world);
    // No two files are the same.
    if (!hasBet) row = row.with(2, `${agency}000${number}`);
    if (random.says(invalidChance)) {
      row = row.with(...random.pick(INVALID_FIELDS));
      invalid.add(rows.length);
      isOrdered = false;
    }
    hasBet = true;
    rows.push(row);
    text += `${csvRow(row)}\r\n`;
  }
  const path = `/agency/bets-${number}.csv`;
  const owner = new SimulatedProcess("owner", `agency${agency}`, random);
  world.diskOf(owner).create(path, loop.dateMs)
    .write(0, new TextEncoder().encode(text), loop.dateMs);
  const file = {
    agency,
    fingerprint: fingerprintOf(text),
    rows,
    invalid,
    path,
    isOrdered,
    isSent: false,
  };
  ledger.addFile(file);
  return file;
}
