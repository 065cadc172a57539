/**
 * Recognizes files that are not CSV in UTF-8, or have another separator, before
 * anything of them is sent. Otherwise each of their rows would be an error.
 *
 * @module
 */

import { ProgramError } from "../../program/errors.ts";
import type { SourceFile } from "./source_file.ts";

/** How a kind of file starts, and what to do with it. */
interface Format {
  start: readonly number[];
  name: string;
  advice: string;
}

const SAVE_AS_UTF8 =
  'save it as "CSV UTF-8", or convert it with: iconv -f UTF-16 -t UTF-8';
const SAVE_AS_CSV = 'open it and save the sheet with the bets as "CSV UTF-8"';
const UNPACK = "unpack it, or send what it unpacks to with agency.file: -";

/** A longer start is before a shorter one that it begins with. */
const FORMATS: readonly Format[] = [
  utf32([0xff, 0xfe, 0, 0]),
  utf32([0, 0, 0xfe, 0xff]),
  { start: [0xff, 0xfe], name: "text in UTF-16", advice: SAVE_AS_UTF8 },
  { start: [0xfe, 0xff], name: "text in UTF-16", advice: SAVE_AS_UTF8 },
  { start: [0x1f, 0x8b], name: "compressed with gzip", advice: UNPACK },
  {
    start: [0x50, 0x4b, 0x03, 0x04],
    name: "a zip archive or an Excel workbook (xlsx)",
    advice: `unpack it, or ${SAVE_AS_CSV}`,
  },
  {
    start: [0xd0, 0xcf, 0x11, 0xe0],
    name: "an Excel workbook (xls)",
    advice: SAVE_AS_CSV,
  },
  {
    start: [0x28, 0xb5, 0x2f, 0xfd],
    name: "compressed with zstd",
    advice: UNPACK,
  },
  {
    start: [0xfd, 0x37, 0x7a, 0x58, 0x5a],
    name: "compressed with xz",
    advice: UNPACK,
  },
];

/** Bytes that are looked at: dozens of rows. */
const SAMPLE_BYTES = 4096;
/** In UTF-16 nearly half of the bytes of a bet are 0, in UTF-8 none are. */
const MIN_NUL_PART = 1 / 8;
/** In UTF-32 two or three of four bytes are 0. */
const MAX_UTF16_NUL_PART = 1 / 2;
/** Rows that must have the other separator before it is taken for one. */
const SAMPLE_ROWS = 10;
const SEPARATOR_NAMES: ReadonlyMap<string, string> = new Map([
  [",", "commas"],
  [";", "semicolons"],
  ["\t", "tabs"],
]);

/**
 * Checks the start of an agency's file.
 *
 * @param source The file.
 * @param separator The configured separator of its fields.
 * @throws {ProgramError} If it is no CSV in UTF-8 with that separator. The
 * message says what it is and what to do.
 */
export function throwIfUnsendable(source: SourceFile, separator: string): void {
  const sample = new Uint8Array(Math.min(SAMPLE_BYTES, source.size));
  const start = sample.subarray(0, source.read(sample, 0) ?? 0);
  const format = FORMATS.find((format) => startsWith(start, format.start)) ??
    formatWithNuls(start);
  if (format) {
    throw new ProgramError(
      `Cannot send agency's file "${source.path}": it is ${format.name}, expected CSV in UTF-8; ${format.advice}`,
    );
  }
  const rows = firstRows(start, start.length === source.size);
  const other = findOtherSeparator(rows, separator);
  if (other === undefined) return;
  const used = SEPARATOR_NAMES.get(other);
  const expected = SEPARATOR_NAMES.get(separator);
  throw new ProgramError(
    `Cannot send agency's file "${source.path}": its first rows have ${used} and no ${expected}; if its fields are separated by ${used}, set agency.separator (CLI_AGENCY_SEPARATOR) to ${
      JSON.stringify(other)
    }`,
  );
}

function utf32(start: readonly number[]): Format {
  return {
    start,
    name: "text in UTF-32",
    advice: SAVE_AS_UTF8.replace("UTF-16", "UTF-32"),
  };
}

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, at) => bytes[at] === byte);
}

/** Recognizes UTF-16 and UTF-32 without a byte order mark. */
function formatWithNuls(bytes: Uint8Array): Format | undefined {
  const nuls = bytes.reduce((count, byte) => byte === 0 ? count + 1 : count, 0);
  if (nuls === 0 || nuls < MIN_NUL_PART * bytes.length) return undefined;
  return nuls <= MAX_UTF16_NUL_PART * bytes.length
    ? { start: [], name: "text in UTF-16 or binary", advice: SAVE_AS_UTF8 }
    : utf32([]);
}

/** Returns the first rows that are complete, without empty ones. */
function firstRows(start: Uint8Array, isWhole: boolean): string[] {
  const lines = new TextDecoder().decode(start).split("\n");
  if (!isWhole) lines.pop();
  return lines.map((line) => line.trim()).filter((line) => line !== "")
    .slice(0, SAMPLE_ROWS);
}

/** Finds a separator that each row has, if none has the configured one. */
function findOtherSeparator(
  rows: readonly string[],
  separator: string,
): string | undefined {
  if (rows.length === 0 || rows.some((row) => row.includes(separator))) {
    return undefined;
  }
  return [...SEPARATOR_NAMES.keys()].find((other) =>
    rows.every((row) => row.includes(other))
  );
}
