// Validates UTF-8 on bytes. `TextDecoder` would have to create a string for
// every name.

/**
 * Size in bytes, 2 to 4, of the non-ASCII character at the start of a word
 * (first byte lowest, see swar.ts), or 0 if it is not well-formed as in Unicode
 * 15, table 3-7: overlong, a surrogate, past U+10FFFF or cut off.
 *
 * @example Usage
 * ```ts
 * import { characterSize } from "./utf8.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [lead, tail] = new TextEncoder().encode("ñ");
 * assertEquals(characterSize(lead! | tail! << 8), 2);
 * assertEquals(characterSize(lead!), 0);
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
