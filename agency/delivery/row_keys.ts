// Keys of refused rows, by which their copy is known under any name, before and
// after it was corrected.

import { everyRecord, type OpenReader } from "../every_record.ts";

/** Rows of a delivery whose keys are kept: a copy starts with these. */
export const MAX_KEYS = 1000;
/** Rows by which a file is known whose delivery was cut off. */
export const FIRST_ROWS = 100;
const MAX_FIELDS = 8;
/** Fields that a row and its correction have in common, a number among them. */
const MIN_COMMON_FIELDS = 4;
/** A document says more than names and numbers that many people have. */
const MIN_COMMON_WITH_DOCUMENT = 3;
const MIN_DOCUMENT_DIGITS = 6;
const HASH_DIGITS = 8;
const SEPARATORS_REGEXP = /[,;\t"|]+/;
/** A document or a bet's number, perhaps with dots. */
const NUMBER_REGEXP = /^[\d. ]*\d$/;
const FIRST_HASH = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * Hashes the fields of a row, 8 hex digits each. Two bits of a hash say what it
 * is of: see {@linkcode isNumber} and {@linkcode isDocument}.
 */
export function keyOf(row: Uint8Array): string {
  const fields = new TextDecoder().decode(row).split(SEPARATORS_REGEXP)
    .map((field) => field.trim().toLowerCase())
    .filter((field) => field !== "");
  return fields.slice(0, MAX_FIELDS).map(hashField).join("");
}

function hashField(field: string): string {
  const isNumber = NUMBER_REGEXP.test(field);
  const text = isNumber ? field.replaceAll(/\D/g, "") : field;
  let hash = FIRST_HASH;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), PRIME);
  }
  const isDocument = isNumber && text.length >= MIN_DOCUMENT_DIGITS;
  const marks = Number(isNumber) + 2 * Number(isDocument);
  return (((hash & ~3) | marks) >>> 0).toString(16).padStart(HASH_DIGITS, "0");
}

/**
 * The keys of a file's first rows. Default: one more than are kept of a
 * delivery.
 */
export async function keysOf(
  openReader: OpenReader,
  limit = MAX_KEYS + 1,
): Promise<string[]> {
  const keys: string[] = [];
  await everyRecord(openReader(), (reader, step) => {
    if (step !== "header") keys.push(keyOf(reader.bytes));
  }, limit);
  return keys;
}

/** True if most rows of a file are rows of these, as they are or corrected. */
export function areMostlyOf(
  rows: readonly string[],
  refused: readonly string[],
): boolean {
  // A copy has no other rows.
  if (rows.length > refused.length && refused.length < MAX_KEYS) return false;
  return 2 * countOf(rows, refused) > rows.length;
}

/** True if most of a file's first rows are the first ones of another. */
export function beginLike(
  rows: readonly string[],
  others: readonly string[],
): boolean {
  const first = rows.slice(0, FIRST_ROWS);
  return 2 * countOf(first, others) > first.length;
}

/** True if a file has just these rows, as they are or corrected. */
export function areAllOf(
  rows: readonly string[],
  refused: readonly string[],
): boolean {
  return rows.length === refused.length &&
    countOf(rows, refused) === rows.length;
}

function countOf(rows: readonly string[], refused: readonly string[]): number {
  const withNumber = new Map<string, Set<string>[]>();
  for (const key of refused) {
    const fields = new Set(fieldsOf(key));
    for (const field of fields) {
      if (!isNumber(field)) continue;
      const others = withNumber.get(field);
      if (others) others.push(fields);
      else withNumber.set(field, [fields]);
    }
  }
  return rows.filter((key) => {
    const fields = fieldsOf(key);
    return fields.filter(isNumber).some((number) =>
      withNumber.get(number)?.some((others) => haveInCommon(fields, others))
    );
  }).length;
}

function haveInCommon(
  fields: readonly string[],
  others: ReadonlySet<string>,
): boolean {
  const common = fields.filter((field) => others.has(field));
  return common.length >=
    (common.some(isDocument) ? MIN_COMMON_WITH_DOCUMENT : MIN_COMMON_FIELDS);
}

function fieldsOf(key: string): string[] {
  return key.match(/.{8}/g) ?? [];
}

function isNumber(hash: string): boolean {
  return (Number.parseInt(hash.at(-1)!, 16) & 1) !== 0;
}

function isDocument(hash: string): boolean {
  return (Number.parseInt(hash.at(-1)!, 16) & 2) !== 0;
}
