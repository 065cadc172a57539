// Searches whole chunks of a file for bytes that most chunks do not contain, 16
// bytes at a time, which is faster than the runtime's own `indexOf()`.

import { bytesEqual, firstMark, viewOf } from "./swar.ts";

const LITTLE_ENDIAN = true;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const RETURNS = 0x0d0d0d0d;
const HIGH_BITS = 0x80808080 | 0;
// Not imported: V8 looks up an imported constant at each use.
const WORD_BYTES = 4;
const BLOCK_BYTES = 16;

/**
 * Replaces each CR LF in `bytes[start..end)` with LF, in place, and returns the
 * new end. Any other CR is data.
 */
export function removeReturns(
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const view = viewOf(bytes);
  const lastWord = end - 2 * WORD_BYTES;
  let at = findReturn(view, start, end);
  let to = at;
  while (at < lastWord) {
    if (bytes[at + 1] !== NEWLINE) bytes[to++] = RETURN;
    // Words are written behind the read position, so no word is read after a
    // change.
    for (at++; at < lastWord; at += WORD_BYTES, to += WORD_BYTES) {
      const word = view.getInt32(at, LITTLE_ENDIAN);
      const marks = bytesEqual(word, RETURNS);
      if (marks !== 0) {
        const size = firstMark(marks);
        // A whole word here could overwrite bytes not read yet.
        if (size > 0) bytes[to] = word;
        if (size > 1) bytes[to + 1] = word >> 8;
        if (size > 2) bytes[to + 2] = word >> 16;
        at += size;
        to += size;
        break;
      }
      view.setInt32(to, word, LITTLE_ENDIAN);
    }
  }
  for (; at < end; at++) {
    const isLineEnd = bytes[at] === RETURN && at + 1 < end &&
      bytes[at + 1] === NEWLINE;
    if (!isLineEnd) bytes[to++] = bytes[at]!;
  }
  return to;
}

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
