// Makes bets like the real ones, the same on every run and machine: rows
// `first,last,document,birthdate,number` in UTF-8 with CRLF, without a header.

import { WINNING_NUMBER } from "../bet/bet.ts";
import { MadeRows } from "./made_row.ts";

export const REAL_SIZES: readonly number[] = [26936, 25518, 16014, 9238, 991];

/** Somewhat above this, {@linkcode shares} is inexact. */
export const MAX_BETS = 1_000_000_000;

/** Each agency becomes a file. */
export const MAX_AGENCIES = 1000;

const SEED = 2026;

/** A character of these rows takes at most 2 bytes. */
const CHUNK_CHARACTERS = 32 * 1000;

export interface MadeAgencyOptions {
  /** Bets with the winning number, spread evenly; at most all. Default: 0. */
  winners?: number;
}

/**
 * Makes the bets of an agency, as CSV: chunks of whole rows, each at most 64 KiB.
 * Each agency, 1 or more, has different bets. Throws a `RangeError` if a number
 * is not a whole one or is out of range.
 *
 * @example Usage
 * ```ts
 * import { madeAgency } from "./made_bets.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const chunks = [...madeAgency(1, 100, { winners: 2 })];
 * const rows = new TextDecoder().decode(chunks[0]).trimEnd().split("\r\n");
 * assertEquals(rows.length, 100);
 * assertEquals(rows.filter((row) => row.endsWith(",7574")).length, 2);
 * ```
 */
export function madeAgency(
  agency: number,
  bets: number,
  options: MadeAgencyOptions = {},
): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  const { winners = 0 } = options;
  checkWhole("agency", agency, 1);
  checkWhole("bets", bets, 0, MAX_BETS);
  checkWhole("winners", winners, 0);
  // A generator would check only when its first chunk is read.
  return rowChunks(new MadeRows(SEED, agency), bets, Math.min(winners, bets));
}

/**
 * Number of an agency's winners: 2 or 3 as in the real set, and none for the
 * last agency.
 */
export function winnersOf(agency: number, agencies: number): number {
  return agency === agencies ? 0 : 2 + ((agency >> 1) & 1);
}

/**
 * Distributes bets over agencies: over five, unless `isEqual`, in the proportions
 * of the real set; over any other number equally. The parts add up to `total`.
 * Throws a `RangeError` as {@linkcode madeAgency} does.
 *
 * @example Usage
 * ```ts
 * import { shares } from "./made_bets.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(shares(10, 3), [3, 4, 3]);
 * ```
 */
export function shares(
  total: number,
  agencies: number,
  isEqual = false,
): number[] {
  checkWhole("bets", total, 0, MAX_BETS);
  checkWhole("agencies", agencies, 1, MAX_AGENCIES);
  const weights = agencies === REAL_SIZES.length && !isEqual
    ? REAL_SIZES
    : Array<number>(agencies).fill(1);
  const sum = weights.reduce((a, b) => a + b);
  let weight = 0;
  let shared = 0;
  // Rounding the running sum loses nothing.
  return weights.map((one) => {
    weight += one;
    const before = shared;
    shared = Math.round(total * weight / sum);
    return shared - before;
  });
}

function* rowChunks(
  made: MadeRows,
  bets: number,
  winners: number,
): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  const encoder = new TextEncoder();
  let rows = "";
  let won = 0;
  let nextWinner = winnerPosition(won, winners, bets);
  for (let bet = 0; bet < bets; bet++) {
    let number = made.drawNumber();
    if (bet === nextWinner) {
      number = WINNING_NUMBER;
      won++;
      nextWinner = winnerPosition(won, winners, bets);
    } else if (number === WINNING_NUMBER) {
      number++;
    }
    rows += made.draw(number);
    if (rows.length >= CHUNK_CHARACTERS) {
      yield encoder.encode(rows);
      rows = "";
    }
  }
  if (rows !== "") yield encoder.encode(rows);
}

/** Each winner is in the middle of its part of the bets. After the last: none. */
function winnerPosition(won: number, winners: number, bets: number): number {
  if (won === winners) return bets;
  return Math.floor((2 * won + 1) * bets / (2 * winners));
}

function checkWhole(
  what: string,
  value: number,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(
    `Cannot make the bets: ${what} must be a whole number from ${least} to ${most}: current value is ${value}`,
  );
}
