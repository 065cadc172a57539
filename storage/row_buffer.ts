/**
 * Formats batches as rows of `bets.csv` (docs/storage.md) for one write.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import { type Batch, FIELD_KEYS } from "../bet/bet.ts";
import {
  copyLookingForSeparators,
  viewOf,
  WORD_BYTES,
  wordViewOf,
} from "../bytes/swar.ts";
import { assertInvariant } from "../program/errors.ts";
import type { EntryBuffer } from "./append_log.ts";
import { formatCrc, formatMarkStart, MAX_MARK_BYTES } from "./commit_mark.ts";
import { documentOfRow, isWinningRow } from "./winners.ts";

const COMMA = 0x2c;
const QUOTE = 0x22;
const NEWLINE = 0x0a;
/**
 * Only the two names, which come first, can contain characters that need
 * quotes.
 */
const NAME_COUNT = 2;
const MAX_AGENCY_DIGITS = 10;
/** Size of a row beyond its packed bytes: agency, comma, quotes, line end. */
const MAX_ROW_OVERHEAD = MAX_AGENCY_DIGITS + 1 + 2 * NAME_COUNT + 1;
/** Size of a buffer, unless a single batch needs more. */
const BUFFER_BYTES = 1 << 20;
/** Room for the rows of any batch of 8 kB. */
const BATCH_ROOM = 1 << 16;
const ASCII_ENCODER = new TextEncoder();

/** Collects rows for one write. It is emptied and reused. */
export class RowBuffer implements EntryBuffer {
  #bytes = new Uint8Array(BUFFER_BYTES);
  #view = viewOf(this.#bytes);
  #length = 0;

  /** The rows so far: a view that is valid until the next call. */
  get rows(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Number of bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** Whether another batch may not fit without growing. */
  get isFull(): boolean {
    return this.#length > BUFFER_BYTES - BATCH_ROOM;
  }

  /**
   * Removes the last rows.
   *
   * @param length Number of bytes to keep.
   */
  truncate(length: number): void {
    assertInvariant(
      length <= this.#length,
      `${length} bytes are there to keep`,
    );
    this.#length = length;
  }

  /** Empties the buffer and releases what it has grown by. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > BUFFER_BYTES) {
      this.#hold(new Uint8Array(BUFFER_BYTES));
    }
  }

  /**
   * Adds the rows of a batch, the last one with the commit mark.
   *
   * @param batch The batch, of one or more valid bets.
   * @returns The documents of the winning bets, in order.
   */
  addBatch(batch: Batch): string[] {
    this.#reserve(maxRowsSize(batch));
    const batchStart = this.#length;
    const agency = `${batch.agency},`;
    const bets = wordViewOf(batch.bets);
    const winners: string[] = [];
    for (let bet = 0; bet < batch.bets.length;) {
      if (bet > 0) this.#bytes[this.#length++] = NEWLINE;
      const rowStart = this.#length;
      for (let i = 0; i < agency.length; i++) {
        this.#bytes[this.#length++] = agency.charCodeAt(i);
      }
      bet = this.#addBet(bets, bet);
      if (isWinningRow(this.#bytes, this.#length)) {
        winners.push(documentOfRow(this.rows.subarray(rowStart)));
      }
    }
    this.#addText(`,${formatMarkStart(batch)}`);
    const crc = crc32(this.#bytes.subarray(batchStart, this.#length));
    this.#addText(`${formatCrc(crc)}\n`);
    return winners;
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.rows);
    this.#hold(larger);
  }

  #hold(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  /** Adds the fields of the bet at `start` and returns where it ends. */
  #addBet(bets: DataView, start: number): number {
    const lastName = start + 1 + bets.getUint8(start);
    const document = lastName + 1 + bets.getUint8(lastName);
    const birthdate = document + 1 + bets.getUint8(document);
    const number = birthdate + 1 + bets.getUint8(birthdate);
    const end = number + 1 + bets.getUint8(number);
    // Without quotes a row is the packed bet with commas as separators.
    const target = this.#view;
    const shift = this.#length - (start + 1);
    if (copyLookingForSeparators(target, shift, bets, start + 1, end)) {
      this.#addQuotedBet(bets, start);
      return end;
    }
    target.setUint8(lastName + shift, COMMA);
    target.setUint8(document + shift, COMMA);
    target.setUint8(birthdate + shift, COMMA);
    target.setUint8(number + shift, COMMA);
    this.#length = end + shift;
    return end;
  }

  /** Adds the bet field by field, with quotes where they are needed. */
  #addQuotedBet(bets: DataView, start: number): void {
    let at = start;
    for (let field = 0; field < FIELD_KEYS.length; field++) {
      if (field > 0) this.#bytes[this.#length++] = COMMA;
      const size = bets.getUint8(at);
      const bytes = new Uint8Array(bets.buffer, bets.byteOffset + at + 1, size);
      this.#addField(bytes);
      at += 1 + size;
    }
  }

  /** Adds a field, in quotes if it needs them (RFC 4180). */
  #addField(field: Uint8Array): void {
    const needsQuotes = field.includes(COMMA) || field.includes(QUOTE);
    if (needsQuotes) this.#bytes[this.#length++] = QUOTE;
    for (const byte of field) {
      if (byte === QUOTE) this.#bytes[this.#length++] = QUOTE;
      this.#bytes[this.#length++] = byte;
    }
    if (needsQuotes) this.#bytes[this.#length++] = QUOTE;
  }

  #addText(ascii: string): void {
    const room = this.#bytes.subarray(this.#length);
    this.#length += ASCII_ENCODER.encodeInto(ascii, room).written;
  }
}

/** Upper bound of the size of a batch's rows, so that no byte needs a check. */
function maxRowsSize({ bets, count }: Batch): number {
  return 2 * bets.length + count * MAX_ROW_OVERHEAD + 1 + MAX_MARK_BYTES + 1 +
    WORD_BYTES;
}
