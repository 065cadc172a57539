// Keys of rows: a row is that bet, in whatever file, if its document and number
// are. A refused row without one of them is known by its other four fields.

import { fieldsOf } from "../source/csv_row.ts";

const SEPARATORS = [",", ";", "\t"];
const FIELD_COUNT = 5;
const DOCUMENT_REGEXP = /^\d{1,20}$/;
const DATE_REGEXP = /^\d{4}-\d\d-\d\d$/;
const NUMBER_REGEXP = /^\d{1,10}$/;
const WHOLE_KEY_REGEXP = /^\d+,\d+$/;
const ROUGH_MARK = "~";
const MAX_ROUGH_BYTES = 200;
const WORDS_REGEXP = /\s*[,;\t|"\r]\s*/;
const PARTS_REGEXP = /[\s,]+/;
/** A row without words may become any row. */
export const ANY_WORD = "~any";
const MAX_NUMBER = 4294967295;
const PUNCTUATION_REGEXP = /[\s.]/g;
const ZEROS_REGEXP = /^0+(?=\d)/;
/** Dots, quotes and spaces. */
const IGNORED = new Set([0x2e, 0x22, 0x20, 0x0d]);
const ZERO = 0x30;
const DECODER = new TextDecoder();

/** The key of a refused row, or what can be read of it. */
export function keyOf(row: Uint8Array): string {
  return keysOrTextOf(row)[0]!;
}

/** The keys of a row; if it has none, what can be read of it. */
export function keysOrTextOf(row: Uint8Array): string[] {
  const keys = keysOf(row);
  return keys.length > 0 ? keys : [`${ROUGH_MARK}${wordsOf(row).join(",")}`];
}

export function isRough(key: string): boolean {
  return key.startsWith(ROUGH_MARK);
}

/**
 * How many fields a row has of one of which little was readable, in whatever
 * order. Any row may be the correction of one without fields.
 */
export function fieldsLeft(rough: string, row: Uint8Array): number {
  const words = rough.slice(ROUGH_MARK.length).split(",");
  if (words.length < 2) return 1;
  const others = wordsOf(row);
  return words.filter((word) => others.includes(word)).length;
}

/** The words in a key; of a rough key with little in it, one that means any. */
export function partsOf(key: string): string[] {
  const parts = key.replace(ROUGH_MARK, "").split(PARTS_REGEXP)
    .filter((part) => part !== "");
  return isRough(key) && parts.length < 2 ? [...parts, ANY_WORD] : parts;
}

function wordsOf(row: Uint8Array): string[] {
  return DECODER.decode(row.subarray(0, MAX_ROUGH_BYTES)).toLowerCase()
    .split(WORDS_REGEXP).filter((word) => word !== "");
}

/** The key of a row, and those that it may have had before its correction. */
export function keysOf(row: Uint8Array): string[] {
  const text = DECODER.decode(row);
  const fields = SEPARATORS.values()
    .map((separator) => fieldsOf(text, separator))
    .find(({ length }) => length === FIELD_COUNT);
  if (!fields) return [];
  const [firstName, lastName, birthdate] = [fields[0]!, fields[1]!, fields[3]!]
    .map((field) => field.trim().toLowerCase());
  const document = digits(fields[2]!, DOCUMENT_REGEXP);
  const figures = digits(fields[4]!, NUMBER_REGEXP);
  const number = Number(figures) > MAX_NUMBER ? "" : figures;
  const keys: string[] = [];
  if (document !== "" && number !== "") keys.push(`${document},${number}`);
  if (!firstName || !lastName || !DATE_REGEXP.test(birthdate!)) return keys;
  const person = `${firstName},${lastName},${birthdate}`;
  if (document !== "") keys.push(`${person},${document},`);
  if (number !== "") keys.push(`${person},,${number}`);
  return keys;
}

/** True if a key has document and number. */
export function isWhole(key: string): boolean {
  return WHOLE_KEY_REGEXP.test(key);
}

/** The number in a key; `undefined` if it has none. */
export function numberIn(key: string): number | undefined {
  const number = key.slice(key.lastIndexOf(",") + 1);
  return number === "" ? undefined : Number(number);
}

/** The number at the end of a row: most rows are told apart by it alone. */
export function numberAtEnd(row: Uint8Array): number {
  let number = 0;
  let scale = 1;
  for (let at = row.length - 1; at >= 0; at--) {
    const byte = row[at]!;
    if (IGNORED.has(byte)) continue;
    const digit = byte - ZERO;
    if (digit < 0 || digit > 9) break;
    number += digit * scale;
    scale *= 10;
  }
  return number;
}

/** Dots and leading zeros come and go in spreadsheets. */
function digits(field: string, expected: RegExp): string {
  const text = expected.test(field)
    ? field
    : field.replaceAll(PUNCTUATION_REGEXP, "");
  return expected.test(text) ? text.replace(ZEROS_REGEXP, "") : "";
}
