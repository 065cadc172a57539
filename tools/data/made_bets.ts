// Makes bets like the real ones, the same on every run and machine: rows
// `first,last,document,birthdate,number` in UTF-8 with CRLF, without a header.

import { WINNING_NUMBER } from "../../bet/bet.ts";
import { MadeRows } from "./made_row.ts";

export const REAL_SIZES: readonly number[] = [26936, 25518, 16014, 9238, 991];

/** Somewhat above this, {@linkcode shares} is inexact. */
export const MAX_BETS = 1_000_000_000;

/** Each agency becomes a file. */
export const MAX_AGENCIES = 1000;

const SEED = 2026;

/** A character of these rows takes at most 2 bytes. */
const CHUNK_CHARACTERS = 32 * 1000;

/**
 * Makes the bets of an agency, as CSV: chunks of whole rows, each at most 64 KiB.
 * Each agency has different bets. `winners` of them, at most all, have the
 * winning number, spread evenly.
 */
export function* madeAgency(
  agency: number,
  bets: number,
  { winners = 0 }: { winners?: number } = {},
): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  const made = new MadeRows(SEED, agency);
  const encoder = new TextEncoder();
  // Each winner is in the middle of its part of the bets.
  const wonBefore = (bet: number) =>
    Math.ceil(bet * Math.min(winners, bets) / bets - 0.5);
  let rows = "";
  for (let bet = 0; bet < bets; bet++) {
    const drawn = made.drawNumber();
    const isWinner = wonBefore(bet + 1) > wonBefore(bet);
    const other = drawn === WINNING_NUMBER ? drawn + 1 : drawn;
    rows += made.draw(isWinner ? WINNING_NUMBER : other);
    if (rows.length >= CHUNK_CHARACTERS) {
      yield encoder.encode(rows);
      rows = "";
    }
  }
  if (rows !== "") yield encoder.encode(rows);
}

/**
 * Number of an agency's winners: 2 or 3 as in the real set, and none for the
 * last agency.
 */
export function winnersOf(agency: number, agencies: number): number {
  return agency === agencies ? 0 : 2 + ((agency >> 1) & 1);
}

/**
 * Distributes bets over agencies in the proportions of `weights`. The parts add
 * up to `total`.
 */
export function shares(total: number, weights: readonly number[]): number[] {
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
