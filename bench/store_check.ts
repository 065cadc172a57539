/**
 * Whether a store holds just the bets that were sent, each agency's once and in
 * order: its rows are compared with the agencies' lines, byte for byte, and every
 * commit mark is checked.
 *
 * @module
 */

import { parse } from "@std/csv";
import { verifyStore } from "../tools/verify.ts";
import { LineReader } from "./line_reader.ts";

/** The lines that an agency sent, in order. */
export interface SentLines {
  /**
   * Takes the next line.
   *
   * @returns The line without its end, or `undefined` if there are no more.
   */
  next(): Uint8Array | undefined;
}

/** A line of the store without the agency. */
interface StoredLine {
  agency: number;
  /** The bet's five fields and, at the end of a batch, the mark. */
  rest: Uint8Array;
}

const COMMA = 0x2c;
const QUOTE = 0x22;
const ZERO = 0x30;
/** Fields of a bet in an agency's file. */
const FIELD_COUNT = 5;
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Checks a store that no central holds.
 *
 * @param path The store's file of bets.
 * @param sent What each agency sent, by its id, from its first line on.
 * @returns Batches in the store.
 * @throws {Error} If a bet is not there, is there twice, out of order or
 * changed, or if a commit mark is not good.
 */
export async function checkStore(
  path: string,
  sent: ReadonlyMap<number, SentLines>,
): Promise<number> {
  const stored = compareRows(path, sent);
  for (const [agency, lines] of sent) {
    if (lines.next()) {
      throw new Error(
        `Cannot accept store: bets of agency ${agency} are missing at its end`,
      );
    }
  }
  const { bets, batches, fault } = await verifyStore(path);
  if (fault) throw new Error(fault.problem);
  if (bets !== stored) {
    throw new Error(
      `Cannot accept store: its marks are for ${bets} bets, it has ${stored}`,
    );
  }
  return batches;
}

/** Compares every row with the next line of its agency; returns how many. */
function compareRows(
  path: string,
  sent: ReadonlyMap<number, SentLines>,
): number {
  using store = new LineReader(path);
  let rows = 0;
  for (let line = store.next(); line; line = store.next()) {
    rows++;
    const { agency, rest } = splitAgency(line);
    const expected = sent.get(agency)?.next();
    if (expected && isSameBet(rest, expected)) continue;
    throw new Error(
      `Cannot accept store: row ${rows} is ${DECODER.decode(line)}, not ${
        expected
          ? DECODER.decode(expected)
          : `among those of agency ${agency}, or there twice`
      }`,
    );
  }
  return rows;
}

function splitAgency(line: Uint8Array): StoredLine {
  let agency = 0;
  let at = 0;
  while (at < line.length && line[at] !== COMMA) {
    agency = 10 * agency + line[at++]! - ZERO;
  }
  return { agency, rest: line.subarray(at + 1) };
}

/** Whether a stored row is the bet of a line, whatever is behind it. */
function isSameBet(stored: Uint8Array, sent: Uint8Array): boolean {
  if (sent.includes(QUOTE)) return isSameQuotedBet(stored, sent);
  for (let i = 0; i < sent.length; i++) {
    if (stored[i] !== sent[i]) return false;
  }
  return stored.length === sent.length || stored[sent.length] === COMMA;
}

/** The slow way: the store quotes only where it has to. */
function isSameQuotedBet(stored: Uint8Array, sent: Uint8Array): boolean {
  const [storedFields = []] = parse(DECODER.decode(stored));
  const [sentFields = []] = parse(DECODER.decode(sent));
  return sentFields.length === FIELD_COUNT &&
    sentFields.every((field, i) => field === storedFields[i]);
}
