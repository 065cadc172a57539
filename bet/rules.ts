// The rules of a valid bet (docs/protocol.md, "What is a valid bet"), checked
// on packed bytes.

import { type Bet, GAP_BYTES, isGap } from "./bet.ts";
import { areDigits, wordViewOf } from "../bytes/swar.ts";
import { isBlankText, isPlainText } from "../bytes/utf8.ts";

export interface InvalidBet {
  index: number;
  /** Human-readable: which field breaks which rule. */
  reason: string;
}

const MAX_DOCUMENT_DIGITS = 20;
const MAX_NUMBER_DIGITS = 10;
const MAX_NUMBER = 4294967295;
const ZERO = 0x30;
const DASH = 0x2d;
const SPACE = 0x20;
const FIRST_NOT_ASCII = 0x80;
const BIRTHDATE_BYTES = "YYYY-MM-DD".length;
/** Returned for non-digits. So low that no sum with it is in range. */
const NO_NUMBER = -1_000_000;

interface FieldRule {
  key: keyof Bet;
  label: string;
  isValid(view: DataView, start: number, end: number): boolean;
  rule: string;
  /** Finds a character that the field must not contain. */
  findUnwanted?(text: string): string | undefined;
}

// The expressions with \p are inside functions: compiling them at the start
// would take 2 % of the time of an agency with one bet.
const NAME = {
  isValid: isName,
  rule: "1 to 255 bytes of UTF-8 without invisible characters",
  findUnwanted: (text: string) =>
    /[\p{Cc}\u061C\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF]/u
      .exec(text)?.[0],
};
const findNotDigit = (text: string) => /[^0-9]/u.exec(text)?.[0];
// Shared by all: a peer may send nothing but invalid bets, as fast as it can.
const UTF8_DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
const STRICT_DECODER = new TextDecoder("utf-8", {
  ignoreBOM: true,
  fatal: true,
});

const FIELDS: readonly FieldRule[] = [
  { key: "firstName", label: "first name", ...NAME },
  { key: "lastName", label: "last name", ...NAME },
  {
    key: "document",
    label: "document",
    isValid: isDocument,
    rule: `1 to ${MAX_DOCUMENT_DIGITS} digits`,
    findUnwanted: findNotDigit,
  },
  {
    key: "birthdate",
    label: "birthdate",
    isValid: isBirthdate,
    rule: "a day that exists, as YYYY-MM-DD",
  },
  {
    key: "number",
    label: "number",
    isValid: isNumber,
    rule: `1 to ${MAX_NUMBER_DIGITS} digits, at most ${MAX_NUMBER}`,
    findUnwanted: findNotDigit,
  },
];

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

interface InvalidField {
  field: FieldRule;
  value: Uint8Array;
}

/** Returns the key of the first field that breaks its rule. */
export function findInvalidField(
  packed: Uint8Array,
  start: number,
): keyof Bet | undefined {
  return invalidFieldAt(packed, start)?.field.key;
}

function invalidFieldAt(
  packed: Uint8Array,
  start: number,
): InvalidField | undefined {
  const view = wordViewOf(packed);
  let at = start;
  for (const field of FIELDS) {
    const fieldStart = at + 1;
    at = fieldStart + packed[at]!;
    if (!field.isValid(view, fieldStart, at)) {
      return { field, value: packed.subarray(fieldStart, at) };
    }
  }
  return undefined;
}

/**
 * Names field and rule, but not the value: refusals and logs may be read by
 * others.
 */
function explainInvalidBet(packed: Uint8Array, start: number): string {
  const invalid = invalidFieldAt(packed, start);
  if (!invalid) {
    throw new Error(`Cannot explain bet at byte ${start}: it breaks no rule`);
  }
  const { field, value } = invalid;
  return `Cannot take bet: ${field.label} ${explainValue(field, value)}`;
}

function explainValue(
  { rule, findUnwanted }: FieldRule,
  value: Uint8Array,
): string {
  const text = UTF8_DECODER.decode(value);
  if (text === "") return "is empty";
  // Spaces, and the joiners that names may contain.
  if (/^[\p{Zs}\u200C\u200D]+$/u.test(text)) return "has only spaces";
  const character = findUnwanted?.(text);
  if (character !== undefined) {
    return `is not ${rule}: it contains ${nameOf(character)}`;
  }
  return isUtf8(value) ? `is not ${rule}` : "is not UTF-8";
}

/** Names a character in a form that can be searched for. */
function nameOf(character: string): string {
  if (character === " ") return "a space";
  if (/^[!-~]$/.test(character)) return `"${character}"`;
  const hex = character.codePointAt(0)!.toString(16).toUpperCase();
  const codePoint = `U+${hex.padStart(4, "0")}`;
  return /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character)
    ? `"${character}" (${codePoint})`
    : codePoint;
}

function isUtf8(value: Uint8Array): boolean {
  try {
    STRICT_DECODER.decode(value);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

function isName(view: DataView, start: number, end: number): boolean {
  if (end === start) return false;
  // Nearly every name begins with a letter, which is not a space.
  const first = view.getUint8(start);
  const isVisible = (first > SPACE && first < FIRST_NOT_ASCII) ||
    !isBlankText(view, start, end);
  return isVisible && isPlainText(view, start, end);
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
