// Checks text on bytes: well-formed UTF-8, in names without invisible characters.
// `TextDecoder` would have to create a string for every name.

import { WORD_BYTES } from "./swar.ts";

const LITTLE_ENDIAN = true;
const HIGH_BITS = 0x80808080 | 0;
const ONES = 0x01010101;
const SPACES = 0x20202020;
const DELETES = 0x7f7f7f7f;
/**
 * Added to a byte plus one, sets its highest bit unless it is a control
 * character.
 */
const BEYOND_CONTROLS = 0x5f5f5f5f;
/** Selects the value bits of a two-byte lead. */
const LEAD_VALUES = 0x1f1f1f1f;
/** Added to these bits, sets the highest bit if their value is 3 or more. */
const BEYOND_TWOS = 0x7d7d7d7d;
/** The same, if it is 24 or more. */
const BEYOND_23S = 0x68686868;

/**
 * Size in bytes, 2 to 4, of the non-ASCII character at `at`, or 0 if it is ASCII
 * or not valid UTF-8. One more word must follow it.
 *
 * @example Usage
 * ```ts
 * import { characterSizeAt } from "./utf8.ts";
 * import { wordViewOf } from "./swar.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const view = wordViewOf(new TextEncoder().encode("ñ"));
 * assertEquals(characterSizeAt(view, 0), 2);
 * assertEquals(characterSizeAt(view, 1), 0);
 * ```
 */
export function characterSizeAt(view: DataView, at: number): number {
  return characterSize(view.getInt32(at, LITTLE_ENDIAN));
}

/**
 * Checks for valid UTF-8 without invisible characters (docs/protocol.md, "What
 * is a valid bet"). `view` must have one more word after `end`. True for an
 * empty range.
 */
export function isPlainText(
  view: DataView,
  start: number,
  end: number,
): boolean {
  return isLatinText(view, start, end) || isAnyText(view, start, end);
}

/**
 * True for an empty range, and for plain text of only spaces (Unicode category
 * Zs) and joiners.
 */
export function isBlankText(
  view: DataView,
  start: number,
  end: number,
): boolean {
  for (let at = start; at < end;) {
    const size = blankSize(view.getInt32(at, LITTLE_ENDIAN));
    if (size === 0) return false;
    at += size;
  }
  return true;
}

/**
 * Checks for plain text of ASCII and U+00C0 to U+05FF, which covers nearly
 * every name. Does not branch on the bytes: accents are frequent and irregular,
 * so mispredicted branches would cost more than the work.
 */
function isLatinText(view: DataView, start: number, end: number): boolean {
  let faults = 0;
  // Marks the first byte of the next word if a character continues there.
  let unended = 0;
  for (let at = start; at < end; at += WORD_BYTES) {
    const behind = Math.max(0, at + WORD_BYTES - end);
    const mask = -1 >>> (8 * behind);
    const word = (view.getInt32(at, LITTLE_ENDIAN) & mask) | (SPACES & ~mask);
    // Each byte plus one: at most 32 only for a control character.
    const next = ((word & DELETES) + ONES) & DELETES;
    const leads = word & (word << 1) & HIGH_BITS;
    const tails = word & ~(word << 1) & HIGH_BITS;
    // A two-byte lead is 110xxxxx. Its value is 3 or more from U+00C0 on, and
    // 24 or more from U+0600 on; invisible characters are outside.
    const values = word & LEAD_VALUES;
    const outside = ~(values + BEYOND_TWOS) | (values + BEYOND_23S);
    faults |= ~(word | (next + BEYOND_CONTROLS)) |
      (leads & ((word << 2) | outside)) | (tails ^ ((leads << 8) | unended));
    unended = leads >>> 24;
  }
  return ((faults & HIGH_BITS) | unended) === 0;
}

function isAnyText(view: DataView, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const word = view.getInt32(at, LITTLE_ENDIAN);
    const isAscii = (word & 0x80) === 0;
    const size = isAscii ? asciiSize(word & 0xff) : characterSize(word);
    if (size === 0 || (!isAscii && isInvisible(word))) return false;
    at += size;
  }
  return at === end;
}

/** True if an invisible character is at the start of the word. */
function isInvisible(word: number): boolean {
  const twoBytes = word & 0xffff;
  const third = (word >> 16) & 0xff;
  // U+2000 to U+203F
  if (twoBytes === 0x80e2) {
    return third === 0x8b || third === 0x8e || third === 0x8f ||
      (third >= 0xa8 && third <= 0xae);
  }
  // U+2040 to U+207F
  if (twoBytes === 0x81e2) return third >= 0xa0 && third <= 0xaf;
  // U+0080 to U+009F, U+061C, U+FEFF
  return (twoBytes & 0xe0ff) === 0x80c2 || twoBytes === 0x9cd8 ||
    (word & 0xffffff) === 0xbfbbef;
}

/** Size of the space or joiner at the start of the word, or 0. */
function blankSize(word: number): number {
  if ((word & 0xff) === 0x20) return 1;
  const twoBytes = word & 0xffff;
  const third = (word >> 16) & 0xff;
  if (twoBytes === 0xa0c2) return 2;
  // U+2000 to U+200D, U+202F
  if (twoBytes === 0x80e2) return third <= 0x8d || third === 0xaf ? 3 : 0;
  const threeBytes = word & 0xffffff;
  // U+1680, U+205F, U+3000
  return threeBytes === 0x809ae1 || threeBytes === 0x9f81e2 ||
      threeBytes === 0x8080e3
    ? 3
    : 0;
}

function asciiSize(byte: number): 0 | 1 {
  return byte < 0x20 || byte === 0x7f ? 0 : 1;
}

/**
 * Size of the non-ASCII character at the start of a word (first byte lowest, see
 * swar.ts), or 0 if it is not well-formed as in Unicode 15, table 3-7: overlong,
 * a surrogate, past U+10FFFF or cut off.
 */
function characterSize(word: number): number {
  const lead = word & 0xff;
  const second = (word >> 8) & 0xff;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return isTail(second) ? 2 : 0;
  const areTails = isTail(second) && isTail((word >> 16) & 0xff);
  if (lead < 0xf0) return areTails && isSecondOfThree(lead, second) ? 3 : 0;
  const isWhole = areTails && isTail(word >>> 24);
  return isWhole && isSecondOfFour(lead, second) ? 4 : 0;
}

function isTail(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** E0 80..9F is overlong, ED A0..BF is a surrogate. */
function isSecondOfThree(lead: number, tail: number): boolean {
  if (lead === 0xe0) return tail >= 0xa0;
  return lead !== 0xed || tail < 0xa0;
}

/** F0 80..8F is overlong; F4 90..BF and higher leads are past U+10FFFF. */
function isSecondOfFour(lead: number, tail: number): boolean {
  if (lead === 0xf0) return tail >= 0x90;
  return lead < 0xf4 || (lead === 0xf4 && tail < 0x90);
}
