// Finds bytes that most chunks of a file do not contain, several at a time. A
// short file is over before V8 has optimized a loop that runs for long, so each
// line is a call of a small function, and the runtime's own searches help.

import { bytesEqual, viewOf } from "./swar.ts";

const LITTLE_ENDIAN = true;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const RETURNS = 0x0d0d0d0d;
const HIGH_BITS = 0x80808080 | 0;
const FIRST_NOT_ASCII = 0x80;
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
  const first = bytes.indexOf(RETURN, start);
  if (first < 0 || first >= end) return end;
  const view = viewOf(bytes);
  let to = first;
  for (let at = first; at < end;) {
    // A CR is here.
    if (at + 1 < end && bytes[at + 1] === NEWLINE) at++;
    bytes[to++] = bytes[at++]!;
    const size = moveWords(view, at, to, end);
    at += size;
    to += size;
    while (at < end && bytes[at] !== RETURN) bytes[to++] = bytes[at++]!;
  }
  return to;
}

/** Copies words back, up to one with a CR. Returns their size in bytes. */
function moveWords(
  view: DataView,
  from: number,
  to: number,
  end: number,
): number {
  let at = from;
  for (; at + WORD_BYTES <= end; at += WORD_BYTES, to += WORD_BYTES) {
    const word = view.getInt32(at, LITTLE_ENDIAN);
    if (bytesEqual(word, RETURNS) !== 0) break;
    view.setInt32(to, word, LITTLE_ENDIAN);
  }
  return at - from;
}

export function isAscii(bytes: Uint8Array): boolean {
  const view = viewOf(bytes);
  let at = 0;
  for (; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) {
    const bits = view.getInt32(at, LITTLE_ENDIAN) |
      view.getInt32(at + 4, LITTLE_ENDIAN) |
      view.getInt32(at + 8, LITTLE_ENDIAN) |
      view.getInt32(at + 12, LITTLE_ENDIAN);
    // Most files soon have an accent.
    if ((bits & HIGH_BITS) !== 0) return false;
  }
  return bytes.subarray(at).every((byte) => byte < FIRST_NOT_ASCII);
}
