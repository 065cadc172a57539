// What a bet is: its five fields, and the packed form in which it travels from
// the agency's file to the store.
//
// In packed form each field is one length byte and that many bytes of UTF-8, in
// the order of the CSV file. The programs never turn a bet into a string or an
// object; `packBets` and `unpackBets` are for embedding programs and tests.

/** A bet as five texts, in the order of an agency's CSV file. */
export interface Bet {
  /** First name: 1 to 255 bytes of UTF-8 without control characters (rules.ts). */
  firstName: string;
  /** Last name: as the first name. */
  lastName: string;
  /** Identity document: 1 to 20 digits, with its leading zeros. */
  document: string;
  /** Day of birth as `YYYY-MM-DD`: an existing day, years 0001 to 9999. */
  birthdate: string;
  /** The chosen number: 1 to 10 digits, at most 4294967295. */
  number: string;
}

/**
 * Bets of one agency's file, which are stored as a whole. They have consecutive
 * bet indexes, except that a gap leaves one out.
 */
export interface Batch {
  /** The agency's id, 1 to 4294967295. */
  agency: number;
  /**
   * The file's fingerprint, 16 hex digits (docs/protocol.md, "Fingerprint").
   */
  fingerprint: string;
  /** Bet index: the place of the first bet among the file's records, from 0. */
  betIndex: number;
  /** Number of places, bets and gaps. */
  count: number;
  /** Number of places that are bets, 1 or more. */
  betCount: number;
  /** The packed bets and gaps, one after the other. */
  bets: Uint8Array;
}

export const WINNING_NUMBER = 7574;

/** The largest value of a length byte. */
export const MAX_FIELD_BYTES = 255;

/** A bet's fields, in the order of the file, the frame and the store. */
export const FIELD_KEYS = [
  "firstName",
  "lastName",
  "document",
  "birthdate",
  "number",
] as const satisfies readonly (keyof Bet)[];

export const MAX_PACKED_BET_BYTES = FIELD_KEYS.length * (1 + MAX_FIELD_BYTES);

/**
 * Size of a gap: five empty fields, which leave out one bet index. No valid bet
 * looks like this.
 */
export const GAP_BYTES: number = FIELD_KEYS.length;

export function isGap(packed: Uint8Array, start: number): boolean {
  for (let at = start; at < start + GAP_BYTES; at++) {
    if (packed[at] !== 0) return false;
  }
  return true;
}

/**
 * Returns the offset after the bet at `start`, or -1 if a field runs past the
 * bytes. Reads only the length bytes.
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
 * Returns the offset of a bet's first length byte. The number of bets as
 * `index` gives the end.
 */
export function packedBetStart(bets: Uint8Array, index: number): number {
  let start = 0;
  for (let i = 0; i < index; i++) start = packedBetEnd(bets, start);
  return start;
}

/**
 * Packs bets, valid or not, one after the other. Throws a `RangeError` if a
 * field is longer than 255 bytes of UTF-8.
 *
 * @example Usage
 * ```ts
 * import { packBets, unpackBets } from "./bet.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const bet = {
 *   firstName: "Ana",
 *   lastName: "Gil",
 *   document: "30904465",
 *   birthdate: "1999-03-17",
 *   number: "7574",
 * };
 * assertEquals(unpackBets(packBets([bet])), [bet]);
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
 * Packs a field at `at`, where `target` must have 256 free bytes. Returns the
 * offset after it. Throws a `RangeError` above 255 bytes of UTF-8.
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
 * Unpacks whole bets, valid or not. Bytes that are not UTF-8 become U+FFFD.
 * Throws a `RangeError` if the last bet is cut off.
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
// A leading U+FEFF belongs to the field: it is not a byte order mark.
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
