/**
 * What a bet is: its five fields, and its *packed* form, in which it travels
 * from the agency's file to the store.
 *
 * Packed, each field is one length byte and that many bytes of UTF-8, the five
 * in the order of the CSV file. Nothing here makes a string or an object per
 * bet but what is made for people and tests: {@linkcode packBets} and
 * {@linkcode unpackBets}.
 *
 * @module
 */

/** A bet as its five texts, in the order of an agency's CSV file. */
export interface Bet {
  /** First name: 1 to 255 bytes of UTF-8 without control characters. */
  firstName: string;
  /** Last name: 1 to 255 bytes of UTF-8 without control characters. */
  lastName: string;
  /** Identity document: 1 to 20 digits, leading zeros and all. */
  document: string;
  /** Day of birth, `YYYY-MM-DD`, a day that exists, years 0001 to 9999. */
  birthdate: string;
  /** The number bet on: 1 to 10 digits, at most 4294967295. */
  number: string;
}

/** Some consecutive bets of one agency's file, which are stored as one. */
export interface Batch {
  /** The agency's id, 1 to 4294967295. */
  agency: number;
  /** Which file: 16 hex digits, the first 8 bytes of its SHA-256. */
  fingerprint: string;
  /** Position of the first bet among the file's bets, from 0. */
  betIndex: number;
  /** How many bets, 1 or more. */
  count: number;
  /** The bets, packed, one after the other. */
  bets: Uint8Array;
}

/** The number that wins the draw. */
export const WINNING_NUMBER = 7574;

/** Most bytes of UTF-8 in a field: what one length byte can say. */
export const MAX_FIELD_BYTES = 255;

/** A bet's fields, in the order of the file, the frame and the store. */
export const FIELD_KEYS = [
  "firstName",
  "lastName",
  "document",
  "birthdate",
  "number",
] as const satisfies readonly (keyof Bet)[];

/** Most bytes of a packed bet. */
export const MAX_PACKED_BET_BYTES = FIELD_KEYS.length * (1 + MAX_FIELD_BYTES);

/**
 * Walks over one packed bet without looking at what its fields say.
 *
 * @param packed Bytes that may be too few.
 * @param start Position of the bet's first length byte.
 * @returns Position after the bet, or -1 if a field runs past the bytes.
 */
export function packedBetEnd(packed: Uint8Array, start: number): number {
  let at = start;
  for (let field = 0; field < FIELD_KEYS.length; field++) {
    if (at >= packed.length) return -1;
    at += 1 + packed[at]!;
  }
  return at <= packed.length ? at : -1;
}

/**
 * Finds where one of many packed bets begins.
 *
 * @param bets Whole packed bets, one after the other.
 * @param index Which bet, from 0; the number of bets for the end.
 * @returns The position of its first length byte.
 */
export function packedBetStart(bets: Uint8Array, index: number): number {
  let start = 0;
  for (let i = 0; i < index; i++) start = packedBetEnd(bets, start);
  return start;
}

/**
 * Packs plain bets, valid or not.
 *
 * @param bets The bets.
 * @returns Their packed form, one after the other.
 * @throws {RangeError} If a field is longer than 255 bytes of UTF-8.
 *
 * @example Usage
 * ```ts
 * import { packBets, unpackBets } from "./bet.ts";
 *
 * const bet = {
 *   firstName: "Ana",
 *   lastName: "Gil",
 *   document: "30904465",
 *   birthdate: "1999-03-17",
 *   number: "7574",
 * };
 * console.assert(unpackBets(packBets([bet]))[0]?.lastName === "Gil");
 * ```
 */
export function packBets(bets: readonly Bet[]): Uint8Array {
  const packed = new Uint8Array(bets.length * MAX_PACKED_BET_BYTES);
  let at = 0;
  for (const bet of bets) {
    for (const key of FIELD_KEYS) at = packField(packed, at, bet[key]);
  }
  return packed.slice(0, at);
}

/**
 * Writes one field in packed form.
 *
 * @param target Where to; at least 256 bytes must be free from `at`.
 * @param at Position of the length byte.
 * @param text The field.
 * @returns Position after the field.
 * @throws {RangeError} If the text is longer than 255 bytes of UTF-8.
 */
export function packField(
  target: Uint8Array,
  at: number,
  text: string,
): number {
  const room = target.subarray(at + 1, at + 1 + MAX_FIELD_BYTES);
  const { read, written } = UTF8_ENCODER.encodeInto(text, room);
  if (read < text.length) {
    throw new RangeError(
      `Cannot pack field "${
        text.slice(0, 20)
      }…": longer than ${MAX_FIELD_BYTES} bytes`,
    );
  }
  target[at] = written;
  return at + 1 + written;
}

/**
 * Turns packed bets into plain ones, valid or not; a byte that is not UTF-8
 * becomes U+FFFD.
 *
 * @param packed Whole packed bets, one after the other.
 * @returns The plain bets.
 * @throws {RangeError} If the last bet is cut off.
 */
export function unpackBets(packed: Uint8Array): Bet[] {
  const bets: Bet[] = [];
  for (let start = 0; start < packed.length;) {
    const end = packedBetEnd(packed, start);
    if (end < 0) {
      throw new RangeError(`Cannot unpack bet at byte ${start}: it is cut off`);
    }
    bets.push(unpackBet(packed, start));
    start = end;
  }
  return bets;
}

const UTF8_ENCODER = new TextEncoder();
// A leading U+FEFF is a character of the field, not a byte order mark.
const UTF8_DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

function unpackBet(packed: Uint8Array, start: number): Bet {
  let at = start;
  function nextField(): string {
    const fieldStart = at + 1;
    at = fieldStart + packed[at]!;
    return UTF8_DECODER.decode(packed.subarray(fieldStart, at));
  }
  return {
    firstName: nextField(),
    lastName: nextField(),
    document: nextField(),
    birthdate: nextField(),
    number: nextField(),
  };
}
