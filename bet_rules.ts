/**
 * The rules of a valid bet (docs/protocol.md, "What is a valid bet"), checked on
 * packed bytes. The central alone applies them; an agency sends what it has.
 *
 * @module
 */

import { isUtf8 } from "./utf8.ts";

/** The first bet of a batch that breaks a rule. */
export interface InvalidBet {
  /** Its position in the batch, from 0. */
  index: number;
  /** Which field breaks which rule, for people. */
  reason: string;
}

const MAX_DOCUMENT_DIGITS = 20;
const MAX_NUMBER_DIGITS = 10;
const MAX_NUMBER = 4294967295;
const BIRTHDATE_SIZE = "YYYY-MM-DD".length;
const ZERO = 0x30;
const DASH = 0x2d;

/** Kinds of byte that fields are looked through for, as bits. */
const CONTROL = 1;
const NOT_ASCII = 2;
const NOT_DIGIT = 4;
/** One look-up a byte takes two thirds of the time of the comparisons. */
const BYTE_KINDS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= ZERO && byte <= ZERO + 9) return 0;
  if (byte < 0x20 || byte === 0x7f) return NOT_DIGIT | CONTROL;
  return byte < 0x80 ? NOT_DIGIT : NOT_DIGIT | NOT_ASCII;
});
/** Stands for a number that is none: no sum with it is a year, month or day. */
const NO_NUMBER = -1_000_000;

/** The fields in packed order, with what a refusal says of each. */
const FIELDS = [
  {
    label: "first name",
    isValid: isName,
    rule: "1 to 255 bytes of UTF-8 without control characters",
  },
  {
    label: "last name",
    isValid: isName,
    rule: "1 to 255 bytes of UTF-8 without control characters",
  },
  {
    label: "document",
    isValid: isDocument,
    rule: `1 to ${MAX_DOCUMENT_DIGITS} digits`,
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
  },
] as const;

/**
 * Finds the first bet that breaks a rule of a valid bet .
 *
 * @param packed Whole packed bets, one after the other, as
 * {@linkcode packedBetEnd} walks them.
 * @returns The first invalid bet, or `undefined` if all are valid.
 */
export function findInvalidBet(packed: Uint8Array): InvalidBet | undefined {
  let start = 0;
  for (let index = 0; start < packed.length; index++) {
    const end = validBetEnd(packed, start);
    if (end < 0) return { index, reason: explainInvalidBet(packed, start) };
    start = end;
  }
  return undefined;
}

/** Position after the bet at `start` if it keeps every rule, else -1. */
function validBetEnd(packed: Uint8Array, start: number): number {
  const lastName = start + 1 + packed[start]!;
  const document = lastName + 1 + packed[lastName]!;
  const birthdate = document + 1 + packed[document]!;
  const number = birthdate + 1 + packed[birthdate]!;
  const end = number + 1 + packed[number]!;
  const isValid = isName(packed, start + 1, lastName) &&
    isName(packed, lastName + 1, document) &&
    isDocument(packed, document + 1, birthdate) &&
    isBirthdate(packed, birthdate + 1, number) &&
    isNumber(packed, number + 1, end);
  return isValid ? end : -1;
}

function explainInvalidBet(packed: Uint8Array, start: number): string {
  const decoder = new TextDecoder();
  let at = start;
  for (const { label, isValid, rule } of FIELDS) {
    const fieldStart = at + 1;
    at = fieldStart + packed[at]!;
    if (isValid(packed, fieldStart, at)) continue;
    const text = decoder.decode(packed.subarray(fieldStart, at));
    return `Cannot take bet: ${label} ${JSON.stringify(text)} is not ${rule}`;
  }
  throw new Error(`Cannot explain bet at byte ${start}: it breaks no rule`);
}

function isName(bytes: Uint8Array, start: number, end: number): boolean {
  const kinds = kindsIn(bytes, start, end);
  return end > start && (kinds & CONTROL) === 0 &&
    ((kinds & NOT_ASCII) === 0 || isUtf8(bytes, start, end));
}

function isDocument(bytes: Uint8Array, start: number, end: number): boolean {
  return end > start && end - start <= MAX_DOCUMENT_DIGITS &&
    (kindsIn(bytes, start, end) & NOT_DIGIT) === 0;
}

function isBirthdate(bytes: Uint8Array, start: number, end: number): boolean {
  if (
    end - start !== BIRTHDATE_SIZE ||
    bytes[start + 4] !== DASH || bytes[start + 7] !== DASH
  ) return false;
  const year = twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2);
  const month = twoDigits(bytes, start + 5);
  const day = twoDigits(bytes, start + 8);
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 &&
    (day <= 28 || day <= daysInMonth(year, month));
}

function isNumber(bytes: Uint8Array, start: number, end: number): boolean {
  let kinds = 0;
  let value = 0;
  for (let at = start; at < end; at++) {
    kinds |= BYTE_KINDS[bytes[at]!]!;
    value = value * 10 + bytes[at]! - ZERO;
  }
  return end > start && end - start <= MAX_NUMBER_DIGITS &&
    (kinds & NOT_DIGIT) === 0 && value <= MAX_NUMBER;
}

function kindsIn(bytes: Uint8Array, start: number, end: number): number {
  let kinds = 0;
  for (let at = start; at < end; at++) kinds |= BYTE_KINDS[bytes[at]!]!;
  return kinds;
}

function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]!;
  const ones = bytes[at + 1]!;
  const areDigits = ((BYTE_KINDS[tens]! | BYTE_KINDS[ones]!) & NOT_DIGIT) === 0;
  return areDigits ? 10 * (tens - ZERO) + ones - ZERO : NO_NUMBER;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) {
    const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    return isLeap ? 29 : 28;
  }
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
