/**
 * Well-formed UTF-8, checked on the bytes. `TextDecoder` could say the same,
 * but only by making a string of every name; names with an accent come millions
 * at a time.
 *
 * @module
 */

/**
 * Says whether `bytes[start..end)` is well-formed UTF-8 as Unicode 15, table 3-7
 * has it: no overlong form, no surrogate, nothing past U+10FFFF, nothing cut off.
 *
 * @param bytes The bytes to look at.
 * @param start Position of the first byte.
 * @param end Position after the last byte, at most `bytes.length`.
 * @returns Whether the range is well-formed; an empty one is.
 *
 * @example Usage
 * ```ts
 * import { isUtf8 } from "./utf8.ts";
 *
 * const bytes = new TextEncoder().encode("Álvarez");
 * console.assert(isUtf8(bytes, 0, bytes.length));
 * console.assert(!isUtf8(bytes, 0, 1));
 * ```
 */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    if (bytes[at]! < 0x80) {
      at++;
      continue;
    }
    const size = sequenceSize(bytes, at);
    if (size === 0 || at + size > end) return false;
    at += size;
  }
  return true;
}

/**
 * Measures one character that is not ASCII.
 *
 * @param bytes The bytes to look at.
 * @param at Position of its first byte, 0x80 or more.
 * @returns Bytes in the well-formed sequence there, 2 to 4; 0 if there is none.
 */
export function sequenceSize(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return isTail(bytes[at + 1]) ? 2 : 0;
  if (lead < 0xf0) {
    return isSecondOfThree(lead, bytes[at + 1]) && isTail(bytes[at + 2])
      ? 3
      : 0;
  }
  if (lead > 0xf4) return 0;
  return isSecondOfFour(lead, bytes[at + 1]) && isTail(bytes[at + 2]) &&
      isTail(bytes[at + 3])
    ? 4
    : 0;
}

function isTail(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** E0 80..9F would be overlong, ED A0..BF a surrogate. */
function isSecondOfThree(lead: number, byte: number | undefined): boolean {
  if (!isTail(byte)) return false;
  if (lead === 0xe0) return byte! >= 0xa0;
  if (lead === 0xed) return byte! < 0xa0;
  return true;
}

/** F0 80..8F would be overlong, F4 90..BF past U+10FFFF. */
function isSecondOfFour(lead: number, byte: number | undefined): boolean {
  if (!isTail(byte)) return false;
  if (lead === 0xf0) return byte! >= 0x90;
  if (lead === 0xf4) return byte! < 0x90;
  return true;
}
