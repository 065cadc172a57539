// The torn tail of a file: what a crash in the middle of a write leaves after
// the last whole entry. It was never acknowledged, so the next start removes
// it, but only after a copy, and only if a crash can have left it
// (docs/storage.md).

import { crc32 } from "node:zlib";
import { MAX_WRITE_BYTES } from "../commit_queue.ts";
import type { ReadableFile } from "../held_file.ts";
import {
  CRC_DIGITS,
  type LogEnd,
  parseMark,
  parseSeal,
} from "../format/seal.ts";
import { countIndexes } from "../index_ranges.ts";

export interface TailProblem {
  at: number;
  what: string;
}

interface TailLine {
  start: number;
  end: number;
  text: string;
}

const NEWLINE = 0x0a;
/** An entry begins with an agency's id, or with `start`, `stop`, `finish`, `draw`. */
const FIRST_BYTES: ReadonlySet<number> = new Set(
  new TextEncoder().encode("123456789sfd"),
);
/** A row with or without a mark; a name may contain anything. */
const ROW_REGEXP =
  /^[1-9]\d{0,9},.+,\d{1,20},\d{4}-\d\d-\d\d,\d{1,10}(?:,[0-9a-f:.]*)?$/;
/** A line of the finished file, whole or damaged in its last column. */
const RECORD_REGEXP = /^(?:start|stop|finish|draw),\d{0,10},[0-9a-f:]*$/;
/** A page that never reached the disk reads as zeros. */
const ZERO = "\0";
const DECODER = new TextDecoder();

/**
 * Checks whether a crash can have left what follows the whole entries, which
 * end at `end`; returns what shows that it is damage, if anything. The system
 * writes pages in any order, so some of the last write's entries may be whole,
 * after a page that never reached the disk. But every earlier write was flushed
 * before the next one began.
 */
export async function checkTornTail(
  file: ReadableFile,
  end: LogEnd,
  size: number,
): Promise<TailProblem | undefined> {
  if (size - end.size > MAX_WRITE_BYTES) {
    const what = `no whole entry follows in ${
      size - end.size
    } bytes, and no torn write is longer than ${MAX_WRITE_BYTES}`;
    return { at: 0, what };
  }
  const tail = await readTail(file, end.size, size);
  const lines = wholeLines(tail);
  let sealed = 0;
  for (const [i, line] of lines.entries()) {
    const column = line.text.slice(line.text.lastIndexOf(",") + 1);
    const seal = parseSeal(column);
    if (!seal) continue;
    const { write } = seal;
    const rows = countIndexes(parseMark(column)?.ranges ?? []) || 1;
    const first = lines[i + 1 - rows];
    if (write === end.write || write === end.size) {
      sealed = i + 1;
    } else if (
      isLaterWrite(tail, write - end.size, line) ||
      first && endsWholeEntry(tail, first, line, seal.crc)
    ) {
      const what =
        `no whole entry begins there, but one of a write at ${write} follows`;
      return { at: 0, what };
    }
  }
  // A crash may have cut the last line anywhere.
  const mayBeCut = lines.at(-1)?.end === tail.length - 1;
  const foreign = lines.slice(sealed, mayBeCut ? -1 : undefined)
    .find(({ text }) => !isOurs(text));
  return foreign && {
    at: foreign.start,
    what: "that line is not a row of a store; is it another file?",
  };
}

/** Reads a file from `start` to `size`, at most {@linkcode MAX_WRITE_BYTES}. */
export async function readTail(
  file: Pick<ReadableFile, "seek" | "read">,
  start: number,
  size: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const tail = new Uint8Array(size - start);
  await file.seek(start, Deno.SeekMode.Start);
  let length = 0;
  while (length < tail.length) {
    const read = await file.read(tail.subarray(length));
    if (read === null) break;
    length += read;
  }
  return tail.subarray(0, length);
}

function wholeLines(tail: Uint8Array): TailLine[] {
  const lines: TailLine[] = [];
  for (let start = 0;;) {
    const end = tail.indexOf(NEWLINE, start);
    if (end < 0) return lines;
    const text = DECODER.decode(tail.subarray(start, end));
    lines.push({ start, end, text });
    start = end + 1;
  }
}

/**
 * True if a write began at this offset of the tail, before the line: at the
 * start of a line, or after a lost byte. A changed digit of a seal hardly ever
 * points there.
 */
function isLaterWrite(tail: Uint8Array, at: number, line: TailLine): boolean {
  return at > 0 && at <= line.start &&
    (tail[at - 1] === NEWLINE || tail[at - 1] === 0);
}

/**
 * True if an entry with this CRC begins in the line `first`, at its start or
 * after a damaged line end, and ends with the line `last`.
 */
function endsWholeEntry(
  tail: Uint8Array,
  first: TailLine,
  last: TailLine,
  crc: number,
): boolean {
  const end = last.end - CRC_DIGITS;
  for (let start = first.start; start < first.end; start++) {
    const mayBegin = start === first.start || FIRST_BYTES.has(tail[start]!);
    if (mayBegin && crc32(tail.subarray(start, end)) === crc) return true;
  }
  return false;
}

/** True if a central may have written the line. */
function isOurs(line: string): boolean {
  return line.includes(ZERO) || ROW_REGEXP.test(line) ||
    RECORD_REGEXP.test(line);
}
