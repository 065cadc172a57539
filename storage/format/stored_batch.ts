// Reads a batch from its rows in the bets file.

import { parse } from "@std/csv";
import {
  type Batch,
  type Bet,
  FIELD_KEYS,
  GAP_BYTES,
  packBets,
} from "../../bet/bet.ts";
import { concatenate } from "../../bytes/concatenate.ts";
import { countIndexes } from "../index_ranges.ts";
import type { LogEntry } from "../recovery/log_scan.ts";
import { documentOfRow, isWinningRow } from "./row_formatter.ts";
import { type CommitMark, parseMark } from "./seal.ts";

export interface StoredBatch extends CommitMark {
  agency: number;
  /** The documents of its winning bets, in order. */
  winners: readonly string[];
}

const AGENCY_REGEXP = /^[1-9]\d{0,9}$/;
const COMMA = 0x2c;
const NEWLINE = "\n";
const DECODER = new TextDecoder();

export function readStoredBatch(entry: LogEntry): StoredBatch | undefined {
  const { bytes, lineEnds } = entry;
  const mark = parseMark(entry.mark, entry.seal);
  const agency = DECODER.decode(bytes.subarray(0, bytes.indexOf(COMMA)));
  if (!mark || !AGENCY_REGEXP.test(agency)) return undefined;
  if (countIndexes(mark.ranges) !== lineEnds.length) return undefined;
  return { ...mark, agency: Number(agency), winners: winnersOf(entry) };
}

function winnersOf({ bytes, lineEnds, lastColumn }: LogEntry): string[] {
  const winners: string[] = [];
  let start = 0;
  for (const lineEnd of lineEnds) {
    // The last row continues with the mark.
    const end = Math.min(lineEnd, lastColumn - 1);
    if (isWinningRow(bytes, end)) {
      winners.push(documentOfRow(bytes.subarray(start, end)));
    }
    start = lineEnd + 1;
  }
  return winners;
}

/** Returns an entry's rows as text with six columns, without the mark. */
export function rowsText({ bytes, lastColumn }: LogEntry): string {
  return DECODER.decode(bytes.subarray(0, lastColumn - 1)) + NEWLINE;
}

/** Returns a stored batch in the form in which it is sent, with its gaps. */
export function toBatch(entry: LogEntry, stored: StoredBatch): Batch {
  const { agency, fingerprint, ranges } = stored;
  const rows = rowsText(entry).split(NEWLINE);
  const parts: Uint8Array[] = [];
  const betIndex = ranges[0]!.start;
  let index = betIndex;
  for (const { start, end } of ranges) {
    parts.push(new Uint8Array((start - index) * GAP_BYTES));
    const bets = rows.splice(0, end - start).map(parseBet);
    parts.push(packBets(bets));
    index = end;
  }
  return {
    agency,
    fingerprint,
    betIndex,
    count: index - betIndex,
    betCount: countIndexes(ranges),
    bets: concatenate(parts),
  };
}

function parseBet(row: string): Bet {
  const [columns] = parse(row);
  const [, ...fields] = columns!;
  return Object.fromEntries(
    FIELD_KEYS.map((key, i) => [key, fields[i]]),
  ) as unknown as Bet;
}
