// SWAR, SIMD within a register: operations on four bytes at a time, in one
// 32-bit word. They process every byte of every bet, in half the time of a loop
// over single bytes. (R. J. Fisher and H. G. Dietz named the technique in
// "Compiling for SIMD Within a Register", 1998.)
//
// Example: which bytes of "a,b," are commas? Words are read in little-endian
// order, so the first byte is the lowest:
//
// ```text
// word                          2c 62 2c 61   "a,b,"
// x = word ^ 2c2c2c2c           00 4e 00 4d   0 where there is a comma
// x - 01010101                  ff 4c ff 4c   0 borrows and becomes ff
// & ~x & 80808080               80 00 80 00   a mark on each comma
// ```
//
// A byte of 0 borrows from the byte above it, so a mark above another mark may
// be wrong. The lowest mark is always right, and so is a result without marks.
//
// The loops are in this module, not at their call sites, because V8 looks up an
// imported constant at each use.

export const WORD_BYTES = 4;

const LITTLE_ENDIAN = true;
const HIGH_BITS = 0x80808080 | 0;
const ONES = 0x01010101;
const QUOTES = 0x22222222;
const COMMAS = 0x2c2c2c2c;
const ZEROS = 0x30303030;
/** Added to a byte above "9", sets its highest bit. */
const BEYOND_NINES = 0x46464646;

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * A view one word longer than the bytes, so that a word can be read at any of
 * them. Copies the bytes if their buffer ends too early.
 */
export function wordViewOf(bytes: Uint8Array): DataView {
  const { buffer, byteOffset, length } = bytes;
  const size = length + WORD_BYTES;
  if (byteOffset + size <= buffer.byteLength) {
    return new DataView(buffer, byteOffset, size);
  }
  const copy = new Uint8Array(size);
  copy.set(bytes);
  return viewOf(copy);
}

/**
 * Copies `source[start..end)` word by word to `start + shift` in another
 * buffer. Reads and writes up to 3 bytes more.
 */
export function copyWords(
  target: DataView,
  shift: number,
  source: DataView,
  start: number,
  end: number,
): void {
  for (let at = start; at < end; at += WORD_BYTES) {
    const word = source.getInt32(at, LITTLE_ENDIAN);
    target.setInt32(at + shift, word, LITTLE_ENDIAN);
  }
}

/**
 * Copies like {@linkcode copyWords}. Returns true if a copied word has a comma
 * or a quote, which need quotes in CSV.
 */
export function copyLookingForSeparators(
  target: DataView,
  shift: number,
  source: DataView,
  start: number,
  end: number,
): boolean {
  let marks = 0;
  for (let at = start; at < end; at += WORD_BYTES) {
    const word = source.getInt32(at, LITTLE_ENDIAN);
    target.setInt32(at + shift, word, LITTLE_ENDIAN);
    marks |= bytesEqual(word, COMMAS) | bytesEqual(word, QUOTES);
  }
  return marks !== 0;
}

/**
 * Finds the first byte that is below a limit or not ASCII. There must be one.
 * `limit` is an ASCII byte repeated in each byte of a word.
 */
export function findBelow(view: DataView, from: number, limit: number): number {
  for (let at = from;; at += WORD_BYTES) {
    const word = view.getInt32(at, LITTLE_ENDIAN);
    const marks = bytesBelow(word, limit) | (word & HIGH_BITS);
    if (marks !== 0) return at + firstMark(marks);
  }
}

/**
 * Finds the first byte that `bytes` repeats in each byte of a word; returns
 * `end` or more if there is none before it. One more word must follow `end`.
 */
export function findEqual(
  view: DataView,
  from: number,
  bytes: number,
  end: number,
): number {
  for (let at = from; at < end; at += WORD_BYTES) {
    const marks = bytesEqual(view.getInt32(at, LITTLE_ENDIAN), bytes);
    if (marks !== 0) return at + firstMark(marks);
  }
  return end;
}

/**
 * Checks for ASCII digits; one more word must follow `end`. True for an empty
 * range.
 */
export function areDigits(view: DataView, start: number, end: number): boolean {
  for (let at = start; at < end; at += WORD_BYTES) {
    const word = view.getInt32(at, LITTLE_ENDIAN);
    const marks = (word | (word - ZEROS) | (word + BEYOND_NINES)) & HIGH_BITS;
    if (marks !== 0) return at + firstMark(marks) >= end;
  }
  return true;
}

/** Marks the bytes below the byte that `limit` repeats. */
function bytesBelow(word: number, limit: number): number {
  return (word - limit) & ~word & HIGH_BITS;
}

/**
 * Marks the bytes equal to the byte that `bytes` repeats; only the lowest mark
 * is certain.
 */
export function bytesEqual(word: number, bytes: number): number {
  return bytesBelow(word ^ bytes, ONES);
}

/** Index of the lowest mark in the word, from 0. */
function firstMark(marks: number): number {
  return (31 - Math.clz32(marks & -marks)) >> 3;
}
