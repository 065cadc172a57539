// Keys by which a row is recognized in any file. A row with a valid document and
// number is recognized by these two; a row that lacks one of them, by its other
// four fields. A row that lacks more is called unreadable, and is recognized by
// its text.

import { fieldsOf } from "./csv_row.ts";

const SEPARATORS = [",", ";", "\t"];
const FIELD_COUNT = 5;
const DOCUMENT_REGEXP = /^\d{1,20}$/;
const DATE_REGEXP = /^\d{4}-\d\d-\d\d$/;
const NUMBER_REGEXP = /^\d{1,10}$/;
const WHOLE_KEY_REGEXP = /^\d+,\d+$/;
const UNREADABLE_MARK = "~";
const MAX_UNREADABLE_BYTES = 200;
const WORDS_REGEXP = /\s*[,;\t|"\r]\s*/;
const PARTS_REGEXP = /[\s,]+/;
/** Stands for every word: any row may be the correction of a row without words. */
export const ANY_WORD = "~any";
const MAX_NUMBER = 4294967295;
const PUNCTUATION_REGEXP = /[\s.]/g;
const ZEROS_REGEXP = /^0+(?=\d)/;
const MIN_DOCUMENT_DIGITS = 6;
/** Dots, quotes and spaces. */
const IGNORED = new Set([0x2e, 0x22, 0x20, 0x0d]);
const ZERO = 0x30;
const DECODER = new TextDecoder();

/** A refused row's first key; if it is unreadable, its words. */
export function refusedRowKey(row: Uint8Array): string {
  return keysOrTextOf(row)[0]!;
}

/** A row's keys; if it is unreadable, one key with its words. */
export function keysOrTextOf(row: Uint8Array): string[] {
  const keys = keysOf(row);
  return keys.length > 0
    ? keys
    : [`${UNREADABLE_MARK}${wordsOf(row).join(",")}`];
}

export function isUnreadable(key: string): boolean {
  return key.startsWith(UNREADABLE_MARK);
}

/**
 * Counts the fields that a row shares with a refused one, in any order: a common
 * mistake is to send the columns in another order. The key of a readable row
 * lacks some of its fields, so the row shares either all of them or none. None of
 * a short document and number alone, which in another order may be another bet.
 * An unreadable row with fewer than two fields can be corrected to any row, so it
 * counts as sharing one.
 */
export function countSharedFields(key: string, row: Uint8Array): number {
  const words = key.replace(UNREADABLE_MARK, "").split(WORDS_REGEXP)
    .filter((word) => word !== "").map(plain);
  if (words.length < 2) return 1;
  if (isWhole(key) && !words.some(isPersonal)) return 0;
  const others = wordsOf(row).map(plain);
  const count = words.filter((word) => {
    const at = others.indexOf(word);
    // Each field counts once: a document may be equal to a number.
    if (at >= 0) others.splice(at, 1);
    return at >= 0;
  }).length;
  if (isUnreadable(key)) return count;
  return count === words.length ? FIELD_COUNT : 0;
}

/** The words in a key, and {@linkcode ANY_WORD} if an unreadable key has fewer than two. */
export function partsOf(key: string): string[] {
  const parts = key.replace(UNREADABLE_MARK, "").split(PARTS_REGEXP)
    .filter((part) => part !== "");
  return isUnreadable(key) && parts.length < 2 ? [...parts, ANY_WORD] : parts;
}

function wordsOf(row: Uint8Array): string[] {
  return DECODER.decode(row.subarray(0, MAX_UNREADABLE_BYTES)).toLowerCase()
    .split(WORDS_REGEXP).filter((word) => word !== "");
}

/** A row's keys, including those that it may have had before its correction. */
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

/** True if a key consists of a document and a number. */
export function isWhole(key: string): boolean {
  return WHOLE_KEY_REGEXP.test(key);
}

/** The number in a key; `undefined` if it has none. */
export function numberIn(key: string): number | undefined {
  const number = key.slice(key.lastIndexOf(",") + 1);
  return number === "" ? undefined : Number(number);
}

/** The number at the end of a row. It is enough to rule out most rows cheaply. */
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

/** True for digits that are a document rather than a bet's number. */
function isPersonal(digits: string): boolean {
  return digits.length >= MIN_DOCUMENT_DIGITS;
}

function plain(word: string): string {
  return digits(word, DOCUMENT_REGEXP) || word;
}

/** Ignores dots and leading zeros, which spreadsheets add and remove. */
function digits(field: string, expected: RegExp): string {
  const text = expected.test(field)
    ? field
    : field.replaceAll(PUNCTUATION_REGEXP, "");
  return expected.test(text) ? text.replace(ZEROS_REGEXP, "") : "";
}
