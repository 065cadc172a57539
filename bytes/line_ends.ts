/**
 * Searches in whole chunks of a file, for bytes that most chunks do not have:
 * 16 bytes at a time, which is faster than the runtime's own `indexOf()`.
 *
 * @module
 */

import { bytesEqual, viewOf, WORD_BYTES } from "./swar.ts";

const LITTLE_ENDIAN = true;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const RETURNS = 0x0d0d0d0d;
const HIGH_BITS = 0x80808080 | 0;
const BLOCK_BYTES = 4 * WORD_BYTES;

/**
 * Makes each CR LF in `bytes[start..end)` an LF, in place. Any other CR is
 * data.
 *
 * @returns Offset after the bytes that remain.
 */
export function removeReturns(
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const view = viewOf(bytes);
  let at = findReturn(view, start, end);
  let to = at;
  while (at < end) {
    const isLineEnd = at + 1 < end && bytes[at + 1] === NEWLINE;
    if (!isLineEnd) bytes[to++] = RETURN;
    at++;
    // Words are written behind where they are read, so none is read changed.
    for (; at + WORD_BYTES <= end; at += WORD_BYTES, to += WORD_BYTES) {
      const word = view.getInt32(at, LITTLE_ENDIAN);
      if (bytesEqual(word, RETURNS) !== 0) break;
      view.setInt32(to, word, LITTLE_ENDIAN);
    }
    while (at < end && bytes[at] !== RETURN) bytes[to++] = bytes[at++]!;
  }
  return to;
}

/** Returns `end` if there is no CR in `view[start..end)`. */
function findReturn(view: DataView, start: number, end: number): number {
  let at = start;
  for (; at + BLOCK_BYTES <= end; at += BLOCK_BYTES) {
    const marks = bytesEqual(view.getInt32(at, LITTLE_ENDIAN), RETURNS) |
      bytesEqual(view.getInt32(at + 4, LITTLE_ENDIAN), RETURNS) |
      bytesEqual(view.getInt32(at + 8, LITTLE_ENDIAN), RETURNS) |
      bytesEqual(view.getInt32(at + 12, LITTLE_ENDIAN), RETURNS);
    if (marks !== 0) break;
  }
  while (at < end && view.getUint8(at) !== RETURN) at++;
  return at;
}

/** True if all bytes are ASCII. */
export function isAscii(bytes: Uint8Array): boolean {
  const view = viewOf(bytes);
  let bits = 0;
  let at = 0;
  for (; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) {
    bits |= view.getInt32(at, LITTLE_ENDIAN) |
      view.getInt32(at + 4, LITTLE_ENDIAN) |
      view.getInt32(at + 8, LITTLE_ENDIAN) |
      view.getInt32(at + 12, LITTLE_ENDIAN);
  }
  for (; at < bytes.length; at++) bits |= bytes[at]!;
  return (bits & HIGH_BITS) === 0;
}
