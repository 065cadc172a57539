// Digests of a file's bets, which show later whether a file differs from it in
// rows other than the refused ones, and where; and digests of some rows, by which
// a file is recognized after its run was cut off.

import { MAX_PACKED_BET_BYTES } from "../../bet/bet.ts";
import { viewOf, WORD_BYTES } from "../../bytes/swar.ts";
import type { RecordStep } from "../every_record.ts";
import { CHUNK_BYTES } from "./content.ts";
import type { RecordReader } from "./record_reader.ts";
import type { SourceFile } from "./source_file.ts";
import type { IndexSet } from "../index_set.ts";

/** Limits the size of a delivery's entry. */
const MAX_DIGESTS = 1024;
// Two different odd multipliers, so that the halves of a digest differ.
const FIRST_PRIME = 0x01000193;
const SECOND_PRIME = 0x85ebca6b;

/** Limit the size of an entry, and the time to sample a large file. */
const MAX_SAMPLED_ROWS = 256;
const MAX_SAMPLED_CHUNKS = 64;
const NEWLINE = 0x0a;
/** Separators, quotes and spaces. */
const IGNORED_IN_ROWS = new Uint8Array(256);
for (const byte of new TextEncoder().encode(' ,;|\t\r"')) {
  IGNORED_IN_ROWS[byte] = 1;
}
const WORD = 2 ** 32;

/** The digest if all records are left out. */
export const EMPTY_DIGEST: string = hexOf(FIRST_PRIME) + hexOf(SECOND_PRIME);

export interface RecordDigests {
  /** Number of records in each digest. */
  every: number;
  /** 16 hex digits each. Refused records are left out. */
  values: readonly string[];
}

export function recordsPerDigest(records: number): number {
  return Math.max(1, Math.ceil(records / MAX_DIGESTS));
}

/**
 * Computes digests, record by record. They are 64 bits of a fast hash, which
 * detects accidents, not attacks. Bets are hashed in their packed form, so quotes
 * and line ends make no difference.
 */
export class DigestWriter {
  readonly #every: number;
  readonly #leftOut: IndexSet;
  readonly #packed = new Uint8Array(MAX_PACKED_BET_BYTES + WORD_BYTES);
  readonly #view = viewOf(this.#packed);
  readonly #halves: number[] = [];

  /** Records in `leftOut` are not digested. */
  constructor(every: number, leftOut: IndexSet) {
    this.#every = every;
    this.#leftOut = leftOut;
  }

  /** Adds the reader's record. False for an unsendable one that is not left out. */
  add(reader: RecordReader, step: RecordStep): boolean {
    const { index, packedSize } = reader;
    const at = 2 * Math.floor(index / this.#every);
    while (this.#halves.length < at + 2) {
      this.#halves.push(FIRST_PRIME, SECOND_PRIME);
    }
    if (step === "header" || this.#leftOut.has(index)) return true;
    if (step === "problem") return false;
    reader.pack(this.#view, 0);
    let first = this.#halves[at]! ^ index;
    let second = this.#halves[at + 1]! ^ index;
    for (let i = 0; i < packedSize; i++) {
      const byte = this.#packed[i]!;
      first = Math.imul(first ^ byte, FIRST_PRIME);
      second = Math.imul(second ^ byte, SECOND_PRIME);
      second ^= second >>> 15;
    }
    this.#halves[at] = first ^ (first >>> 16);
    this.#halves[at + 1] = second ^ (second >>> 13);
    return true;
  }

  finish(): RecordDigests {
    const values: string[] = [];
    for (let at = 0; at < this.#halves.length; at += 2) {
      values.push(hexOf(this.#halves[at]!) + hexOf(this.#halves[at + 1]!));
    }
    return { every: this.#every, values };
  }
}

/** 32 bits as 8 hex digits. */
function hexOf(half: number): string {
  return (half >>> 0).toString(16).padStart(8, "0");
}

/** Digests of rows from all parts of a file; of all rows if there are few. */
export async function sampleRows(source: SourceFile): Promise<number[]> {
  const count = Math.min(source.chunks, MAX_SAMPLED_CHUNKS);
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, source.size + 1));
  const sample: number[] = [];
  for (let i = 0; i < count; i++) {
    const index = Math.floor(i * source.chunks / count);
    const size = await source.readChunk(index, buffer);
    const chunk = buffer.subarray(0, size);
    const step = Math.floor(size * count / MAX_SAMPLED_ROWS);
    // The start of the first whole line.
    let start = index === 0 ? 0 : 1 + chunk.indexOf(NEWLINE);
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end < 0) break;
      sample.push(rowDigest(chunk.subarray(start, end)));
      const next = chunk.indexOf(NEWLINE, Math.max(end, start + step - 1));
      if (next < 0) break;
      start = next + 1;
    }
  }
  return sample;
}

/**
 * The digest of a row, which does not depend on its position, its quotes or its
 * separator.
 */
export function rowDigest(row: Uint8Array): number {
  let first = FIRST_PRIME;
  let second = SECOND_PRIME;
  for (const byte of row) {
    if (IGNORED_IN_ROWS[byte]) continue;
    first = Math.imul(first ^ byte, FIRST_PRIME);
    second = Math.imul(second ^ byte, SECOND_PRIME);
    second ^= second >>> 15;
  }
  first ^= first >>> 16;
  // 53 bits: the largest integers that a number holds exactly.
  return (second >>> 11) * WORD + (first >>> 0);
}
