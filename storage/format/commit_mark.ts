// The commit mark, the seventh column of a batch's last row:
// `fingerprint:index:runs:write:crc` (docs/storage.md).

import { type Batch, isGap, packedBetEnd } from "../../bet/bet.ts";
import type { IndexRange } from "../index_ranges.ts";
import { CRC_DIGITS, parseSeal, type Seal } from "./seal.ts";

export interface CommitMark extends Seal {
  /** 16 lowercase hex digits. */
  fingerprint: string;
  /** Bet indexes of the rows, in order, with a gap between any two ranges. */
  ranges: readonly IndexRange[];
}

const MARK_REGEXP =
  /^([0-9a-f]{16}):(0|[1-9]\d{0,9}):([1-9]\d{0,9}(?:\.[1-9]\d{0,9}\.[1-9]\d{0,9})*):\d+:[0-9a-f]{8}$/;
/** `fingerprint:index:count:crc`, as written by versions before 2. */
const OLD_MARK_REGEXP = /^[0-9a-f]{16}:\d+:\d+:[0-9a-f]{8}$/;
/** Size of a mark without its runs, with the largest numbers. */
const MAX_FIXED_BYTES = 16 + 1 + 10 + 1 + 1 + 15 + 1 + CRC_DIGITS;

/** Upper bound for the mark of a batch with `count` places. */
export function maxMarkSize(count: number): number {
  // A run of n places takes at most 2n characters, with its separator.
  return MAX_FIXED_BYTES + 2 * count;
}

/** Formats a mark up to its CRC, which also covers this part. */
export function formatMark(mark: Omit<CommitMark, "crc">): string {
  const { fingerprint, ranges, write } = mark;
  const { start } = ranges[0]!;
  return `${fingerprint}:${start}:${formatRuns(ranges)}:${write}:`;
}

/** Accepts only the exact form written here. */
export function parseMark(text: string): CommitMark | undefined {
  const match = MARK_REGEXP.exec(text);
  const seal = parseSeal(text);
  if (!match || !seal) return undefined;
  const [, fingerprint, start, runs] = match;
  return {
    fingerprint: fingerprint!,
    ranges: parseRuns(Number(start), runs!),
    ...seal,
  };
}

/** True for a mark without the offset of its write. */
export function isOldMark(text: string): boolean {
  return OLD_MARK_REGEXP.test(text);
}

/** Which bet indexes of a batch are bets, not gaps. */
export function betRanges(
  { bets, betIndex, count, gaps }: Batch,
): IndexRange[] {
  if (gaps === 0) return [{ start: betIndex, end: betIndex + count }];
  const ranges: IndexRange[] = [];
  let last: IndexRange | undefined;
  let index = betIndex;
  for (let at = 0; at < bets.length; at = packedBetEnd(bets, at)) {
    if (isGap(bets, at)) last = undefined;
    else if (last) last.end++;
    else ranges.push(last = { start: index, end: index + 1 });
    index++;
  }
  return ranges;
}

export function countIndexes(ranges: readonly IndexRange[]): number {
  let count = 0;
  for (const { start, end } of ranges) count += end - start;
  return count;
}

/** Formats ranges as `rows.gap.rows`. */
function formatRuns(ranges: readonly IndexRange[]): string {
  const [first] = ranges;
  let text = String(first!.end - first!.start);
  for (let i = 1; i < ranges.length; i++) {
    const { start, end } = ranges[i]!;
    text += `.${start - ranges[i - 1]!.end}.${end - start}`;
  }
  return text;
}

function parseRuns(start: number, runs: string): IndexRange[] {
  const ranges: IndexRange[] = [];
  let at = start;
  for (const [i, length] of runs.split(".").map(Number).entries()) {
    if (i % 2 === 0) ranges.push({ start: at, end: at + length });
    at += length;
  }
  return ranges;
}
