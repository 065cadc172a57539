/**
 * The rules of a valid bet (docs/protocol.md, "What is a valid bet"), checked
 * on packed bytes.
 *
 * @module
 */

import { GAP_BYTES, isGap } from "./bet.ts";
import { areDigits, isPlainText, wordViewOf } from "../bytes/swar.ts";

/** The first bet of a batch that breaks a rule. */
export interface InvalidBet {
  /** Its index in the batch, from 0. */
  index: number;
  /** Which field breaks which rule, for people. */
  reason: string;
}

const MAX_DOCUMENT_DIGITS = 20;
const MAX_NUMBER_DIGITS = 10;
const MAX_NUMBER = 4294967295;
const ZERO = 0x30;
const DASH = 0x2d;
const BIRTHDATE_BYTES = "YYYY-MM-DD".length;
/**
 * Returned instead of a number. It is so low that no sum with it is in range.
 */
const NO_NUMBER = -1_000_000;

/** A field of a packed bet and its rule. */
interface FieldRule {
  label: string;
  isValid(view: DataView, start: number, end: number): boolean;
  /** The rule, as a refusal quotes it. */
  rule: string;
  /** Finds a character that the field may not contain. */
  unwanted?: RegExp;
}

const NAME = {
  isValid: isName,
  rule:
    "1 to 255 bytes of UTF-8 without control characters, U+2028, U+2029 or U+FEFF",
  unwanted: /[\p{Cc}\u2028\u2029\uFEFF]/u,
};
const NOT_DIGIT = /[^0-9]/u;
// One for all: a peer may send nothing but invalid bets, as fast as it can.
const UTF8_DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/** The fields in packed order. */
const FIELDS: readonly FieldRule[] = [
  { label: "first name", ...NAME },
  { label: "last name", ...NAME },
  {
    label: "document",
    isValid: isDocument,
    rule: `1 to ${MAX_DOCUMENT_DIGITS} digits`,
    unwanted: NOT_DIGIT,
  },
  {
    label: "birthdate",
    isValid: isBirthdate,
    rule: "a day that exists, as YYYY-MM-DD",
  },
  {
    label: "number",
    isValid: isNumber,
    rule: `1 to ${MAX_NUMBER_DIGITS} digits, at most ${MAX_NUMBER}`,
    unwanted: NOT_DIGIT,
  },
];

/**
 * Finds the first bet that breaks a rule. A gap breaks none.
 *
 * @param packed Whole packed bets, one after the other.
 * @returns The first invalid bet, or `undefined` if all are valid.
 */
export function findInvalidBet(packed: Uint8Array): InvalidBet | undefined {
  const view = wordViewOf(packed);
  let start = 0;
  for (let index = 0; start < packed.length; index++) {
    const end = validBetEnd(packed, view, start);
    if (end >= 0) start = end;
    else if (isGap(packed, start)) start += GAP_BYTES;
    else return { index, reason: explainInvalidBet(packed, start) };
  }
  return undefined;
}

/** Returns the offset after the bet at `start` if it is valid, else -1. */
function validBetEnd(
  packed: Uint8Array,
  view: DataView,
  start: number,
): number {
  const lastName = start + 1 + packed[start]!;
  const document = lastName + 1 + packed[lastName]!;
  const birthdate = document + 1 + packed[document]!;
  const number = birthdate + 1 + packed[birthdate]!;
  const end = number + 1 + packed[number]!;
  const isValid = isName(view, start + 1, lastName) &&
    isName(view, lastName + 1, document) &&
    isDocument(view, document + 1, birthdate) &&
    isBirthdate(view, birthdate + 1, number) &&
    isNumber(view, number + 1, end);
  return isValid ? end : -1;
}

/** Names field and rule, but not the value: reasons and logs travel further. */
function explainInvalidBet(packed: Uint8Array, start: number): string {
  const view = wordViewOf(packed);
  let at = start;
  for (const { label, isValid, rule, unwanted } of FIELDS) {
    const fieldStart = at + 1;
    at = fieldStart + packed[at]!;
    if (isValid(view, fieldStart, at)) continue;
    const found = findCharacter(packed.subarray(fieldStart, at), unwanted);
    const cause = found === undefined ? "" : `: it contains ${found}`;
    return `Cannot take bet: ${label} is not ${rule}${cause}`;
  }
  throw new Error(`Cannot explain bet at byte ${start}: it breaks no rule`);
}

/** Returns the code point of an unwanted character, such as "U+FEFF". */
function findCharacter(
  field: Uint8Array,
  unwanted: RegExp | undefined,
): string | undefined {
  const character = unwanted?.exec(UTF8_DECODER.decode(field))?.[0];
  if (character === undefined) return undefined;
  const hex = character.codePointAt(0)!.toString(16).toUpperCase();
  return `U+${hex.padStart(4, "0")}`;
}

function isName(view: DataView, start: number, end: number): boolean {
  return end > start && isPlainText(view, start, end);
}

function isDocument(view: DataView, start: number, end: number): boolean {
  const size = end - start;
  return size >= 1 && size <= MAX_DOCUMENT_DIGITS &&
    areDigits(view, start, end);
}

function isBirthdate(view: DataView, start: number, end: number): boolean {
  if (
    end - start !== BIRTHDATE_BYTES ||
    view.getUint8(start + 4) !== DASH || view.getUint8(start + 7) !== DASH
  ) return false;
  const year = 100 * twoDigits(view, start) + twoDigits(view, start + 2);
  const month = twoDigits(view, start + 5);
  const day = twoDigits(view, start + 8);
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 &&
    (day <= 28 || day <= daysInMonth(year, month));
}

function twoDigits(view: DataView, at: number): number {
  const tens = view.getUint8(at) - ZERO;
  const ones = view.getUint8(at + 1) - ZERO;
  const areBoth = tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9;
  return areBoth ? 10 * tens + ones : NO_NUMBER;
}

function isNumber(view: DataView, start: number, end: number): boolean {
  const size = end - start;
  return size >= 1 && size <= MAX_NUMBER_DIGITS &&
    areDigits(view, start, end) &&
    (size < MAX_NUMBER_DIGITS || valueOf(view, start, end) <= MAX_NUMBER);
}

/** Converts digits to their value. */
function valueOf(view: DataView, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    value = 10 * value + view.getUint8(at) - ZERO;
  }
  return value;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) {
    const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    return isLeap ? 29 : 28;
  }
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
