// The seal at the end of every entry in the store's two files, `:write:crc`,
// which makes each file its own journal; and the commit mark, which ends with a
// seal: the seventh column of a batch's last row,
// `fingerprint:index:runs:write:crc` (docs/storage.md).

import { crc32 } from "node:zlib";
import type { IndexRange } from "../index_ranges.ts";

export interface Seal {
  /** Byte offset where the write that contains the entry began. */
  write: number;
  /** CRC-32 of the entry's bytes up to and including the colon before it. */
  crc: number;
}

/** Where a file ends: its size, and the seal of its last entry. */
export interface LogEnd extends Seal {
  size: number;
}

export const EMPTY_END: Readonly<LogEnd> = { size: 0, write: 0, crc: 0 };

/** Number of hex digits. */
export const CRC_DIGITS = 8;
/** An offset of at most 15 digits is a safe integer. */
const SEAL_REGEXP = /:(0|[1-9]\d{0,14}):([0-9a-f]{8})$/;

export function formatCrc(crc: number): string {
  return crc.toString(16).padStart(CRC_DIGITS, "0");
}

export function sealLine(text: string, write: number): Uint8Array {
  const start = `${text}:${write}:`;
  return new TextEncoder().encode(`${start}${formatCrc(crc32(start))}\n`);
}

export function parseSeal(column: string): Seal | undefined {
  const match = SEAL_REGEXP.exec(column);
  if (!match) return undefined;
  return { write: Number(match[1]), crc: parseInt(match[2]!, 16) };
}

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
export function parseMark(
  text: string,
  seal: Seal | undefined = parseSeal(text),
): CommitMark | undefined {
  const match = MARK_REGEXP.exec(text);
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
