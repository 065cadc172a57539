// Bets files of a simulation, with valid and invalid rows.

import { limits } from "../../agency/source/source_file.ts";
import { randomRow } from "../support/made_bets.ts";
import { fingerprintOf } from "../support/fingerprint.ts";
import type { BetRow } from "../support/frames.ts";
import { csvRow } from "../support/rows.ts";
import { SimulatedProcess } from "./event_loop.ts";
import type { KnownFile } from "./ledger.ts";
import type { World } from "./world.ts";

/** Largest numbers of bets in a file. Many bets of a large one share a commit. */
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

/** Distance of the last digit from the end of the file, before CR and LF. */
const LAST_DIGIT = 3;
const ZERO = 0x30;
const MAX_EDIT_MS = 20_000;
/** A file with the padding is read twice. */
limits.keptBytes = 1 << 18;
/** Lines of separators, which are not records. They make a file large. */
const PADDING = `${";".repeat(60_000)}\n`.repeat(5);

/** A file on its agency's disk. */
export interface SimulatedBetFile extends KnownFile {
  path: string;
  /**
   * Whether it is too large to be kept in memory, so that an edit shows when it
   * is read again.
   */
  isLarge: boolean;
  /** Whether it was sent completely. */
  isSent: boolean;
  /** Whether it was edited, even if it was restored. */
  isEdited: boolean;
  /** Whether it is edited and not restored yet. */
  isChanged: boolean;
}

/** Draws a row of a file. */
export function drawRow({ random }: World): BetRow {
  const row = randomRow(random);
  return random.happens(WIN_CHANCE) ? row.with(4, "7574") : row;
}

/** Makes a file on its agency's disk. */
export function makeBetFile(
  world: World,
  agency: number,
  number: number,
): SimulatedBetFile {
  const { random, ledger, loop } = world;
  const invalidChance = random.pick([0, 0, INVALID_CHANCE]);
  const rows: BetRow[] = [];
  const isLarge = world.faults.mayOccur("edit") && number === 1;
  const maxBets = isLarge ? Math.max(...MAX_BETS) : random.pick(MAX_BETS);
  const bets = random.between(isLarge ? maxBets / 2 : 1, maxBets);
  const invalid = new Set<number>();
  let isOrdered = true;
  let hasBet = false;
  let text = "";
  for (let left = bets; left > 0; left--) {
    if (random.happens(UNREADABLE_CHANCE)) {
      text += "not,a,bet\n";
      invalid.add(rows.length);
      rows.push(["not", "a", "bet", "", ""]);
    }
    let row = drawRow(world);
    // No two files are the same.
    if (!hasBet) row = row.with(2, `${agency}000${number}`);
    if (random.happens(invalidChance)) {
      row = row.with(...random.pick(INVALID_FIELDS));
      invalid.add(rows.length);
      isOrdered = false;
    }
    hasBet = true;
    rows.push(row);
    text += `${csvRow(row)}\r\n`;
    if (isLarge && left === 2) text += PADDING;
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
    isLarge,
    isSent: false,
    isEdited: false,
    isChanged: false,
  };
  ledger.addFile(file);
  return file;
}

/**
 * Whether an edit of its last row is a change. It is not if that row was
 * refused: then it is a correction.
 */
export function isEditable(
  { isChanged, rows, invalid }: SimulatedBetFile,
): boolean {
  return !isChanged && !invalid.has(rows.length - 1);
}

/**
 * Changes a digit of its last row in place. Returns a function that restores it
 * later; it stays edited while it is being sent.
 */
export function editFile(world: World, file: SimulatedBetFile): () => void {
  const { random, loop, trace } = world;
  const owner = new SimulatedProcess("owner", `agency${file.agency}`, random);
  const inode = world.diskOf(owner).find(file.path);
  const at = inode.bytes.length - LAST_DIGIT;
  const digit = inode.bytes.slice(at, at + 1);
  const { modifiedMs } = inode;
  const isTimeKept = random.happens(0.5);
  const write = (byte: number): void => {
    inode.write(at, new Uint8Array([byte]), loop.dateMs);
    if (isTimeKept) inode.modifiedMs = modifiedMs;
  };
  file.isEdited = file.isChanged = true;
  trace.add("owner", `edits ${file.path}`);
  write(digit[0]! === ZERO ? ZERO + 1 : ZERO);
  const restore = (): void => {
    trace.add("owner", `restores ${file.path}`);
    write(digit[0]!);
    inode.modifiedMs = modifiedMs;
    file.isChanged = false;
  };
  return () =>
    loop.schedule(undefined, random.between(1, MAX_EDIT_MS), restore);
}
