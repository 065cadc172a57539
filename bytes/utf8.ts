/**
 * Well-formed UTF-8, checked on the bytes. `TextDecoder` could say the same,
 * but only by making a string of every name; names with an accent come millions
 * at a time.
 *
 * @module
 */

/**
 * Measures the character that a word begins with, if it is not ASCII and
 * well-formed as Unicode 15, table 3-7 has it: no overlong form, no surrogate,
 * nothing past U+10FFFF, nothing cut off.
 *
 * @param word Four bytes, the first one lowest (bytes.ts).
 * @returns Bytes of the character, 2 to 4; 0 if there is no such character.
 *
 * @example Usage
 * ```ts
 * import { characterSize } from "./utf8.ts";
 *
 * const [n, tilde] = new TextEncoder().encode("ñ");
 * console.assert(characterSize(n! | tilde! << 8) === 2);
 * console.assert(characterSize(n!) === 0);
 * ```
 */
export function characterSize(word: number): number {
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

/** E0 80..9F would be overlong, ED A0..BF a surrogate. */
function isSecondOfThree(lead: number, tail: number): boolean {
  if (lead === 0xe0) return tail >= 0xa0;
  return lead !== 0xed || tail < 0xa0;
}

/** F0 80..8F would be overlong, F4 90..BF and leads behind it past U+10FFFF. */
function isSecondOfFour(lead: number, tail: number): boolean {
  if (lead === 0xf0) return tail >= 0x90;
  return lead < 0xf4 || (lead === 0xf4 && tail < 0x90);
}
