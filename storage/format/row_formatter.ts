// Formats batches as rows of the bets file (docs/storage.md).

import { crc32 } from "node:zlib";
import { parse } from "@std/csv";
import {
  type Batch,
  FIELD_KEYS,
  packedBetEnd,
  WINNING_NUMBER,
} from "../../bet/bet.ts";
import {
  copyLookingForSeparators,
  copyWords,
  viewOf,
  WORD_BYTES,
  wordViewOf,
} from "../../bytes/swar.ts";
import type { IndexRange } from "../index_ranges.ts";
import { formatCrc, formatMark, maxMarkSize } from "./seal.ts";

const COMMA = 0x2c;
const QUOTE = 0x22;
const NEWLINE = 0x0a;
const ZERO = 0x30;
const DOCUMENT_COLUMN = 3;
const WINNING_DIGITS = new TextEncoder().encode(String(WINNING_NUMBER));
/**
 * Only the two names, which come first, can contain characters that need
 * quotes.
 */
const NAME_COUNT = 2;
const MAX_AGENCY_DIGITS = 10;
/** Size of a row beyond its packed bytes: agency, comma, quotes, line end. */
const MAX_ROW_OVERHEAD = MAX_AGENCY_DIGITS + 1 + 2 * NAME_COUNT + 1;
/** Room for the rows of any batch of 8 kB; grows for a larger one. */
const BUFFER_BYTES = 1 << 16;

export interface BatchRows {
  /** Rows and mark: a view that is valid until the next call. */
  bytes: Uint8Array;
  /** The documents of the winning bets, in order. */
  winners: readonly string[];
}

export class RowFormatter {
  #bytes = new Uint8Array(BUFFER_BYTES);
  #view = viewOf(this.#bytes);
  #length = 0;

  /**
   * Formats the rows of valid bets, one or more, the last row with the commit
   * mark. `ranges` selects bets by index; `write` is the byte offset where the
   * write that contains them begins.
   */
  format(
    batch: Batch,
    ranges: readonly IndexRange[],
    write: number,
  ): BatchRows {
    this.#reserve(batch);
    const bets = wordViewOf(batch.bets);
    const agency = `${batch.agency},`;
    const winners: string[] = [];
    let at = 0;
    let index = batch.betIndex;
    for (const { start, end } of ranges) {
      for (; index < start; index++) at = packedBetEnd(batch.bets, at);
      for (; index < end; index++) {
        at = this.#addRow(agency, bets, at, winners);
      }
    }
    const { fingerprint } = batch;
    // The last row continues with its mark instead of a line end.
    this.#length--;
    this.#addText(`,${formatMark({ fingerprint, ranges, write })}`);
    const crc = crc32(this.#bytes.subarray(0, this.#length));
    this.#addText(`${formatCrc(crc)}\n`);
    return { bytes: this.#bytes.subarray(0, this.#length), winners };
  }

  /** Makes room for any rows of the batch, so that no byte needs a check. */
  #reserve({ bets, count }: Batch): void {
    const size = 2 * bets.length + count * MAX_ROW_OVERHEAD + 1 +
      maxMarkSize(count) + 1 + WORD_BYTES;
    this.#length = 0;
    if (size <= this.#bytes.length) return;
    this.#bytes = new Uint8Array(size);
    this.#view = viewOf(this.#bytes);
  }

  /** Adds the bet at `start` as a row, and returns where the bet ends. */
  #addRow(
    agency: string,
    bets: DataView,
    start: number,
    winners: string[],
  ): number {
    const rowStart = this.#length;
    this.#addText(agency);
    const end = this.#addBet(bets, start);
    if (isWinningRow(this.#bytes, this.#length)) {
      const row = this.#bytes.subarray(rowStart, this.#length);
      winners.push(documentOfRow(row));
    }
    this.#bytes[this.#length++] = NEWLINE;
    return end;
  }

  #addBet(bets: DataView, start: number): number {
    const lastName = start + 1 + bets.getUint8(start);
    const document = lastName + 1 + bets.getUint8(lastName);
    const birthdate = document + 1 + bets.getUint8(document);
    const number = birthdate + 1 + bets.getUint8(birthdate);
    const end = number + 1 + bets.getUint8(number);
    // Without quotes a row is the packed bet with commas as separators.
    const target = this.#view;
    const shift = this.#length - (start + 1);
    if (copyLookingForSeparators(target, shift, bets, start + 1, document)) {
      this.#addQuotedBet(bets, start);
      return end;
    }
    copyWords(target, shift, bets, document, end);
    target.setUint8(lastName + shift, COMMA);
    target.setUint8(document + shift, COMMA);
    target.setUint8(birthdate + shift, COMMA);
    target.setUint8(number + shift, COMMA);
    this.#length = end + shift;
    return end;
  }

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

  /** Adds a field, in quotes if necessary (RFC 4180). */
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
    for (let i = 0; i < ascii.length; i++) {
      this.#bytes[this.#length++] = ascii.charCodeAt(i);
    }
  }
}

/**
 * True if a row's number wins; leading zeros do not count. `end` is the offset
 * after the number, the sixth column. Winners are found when rows are written or
 * read, so that a query does not need to read the store.
 */
export function isWinningRow(rows: Uint8Array, end: number): boolean {
  let at = end - WINNING_DIGITS.length;
  for (let i = WINNING_DIGITS.length - 1; i >= 0; i--) {
    if (rows[at + i] !== WINNING_DIGITS[i]) return false;
  }
  do at--; while (rows[at] === ZERO);
  return rows[at] === COMMA;
}

/** Returns the document of a row, given at least up to its sixth column. */
export function documentOfRow(row: Uint8Array): string {
  const [columns] = parse(new TextDecoder().decode(row));
  return columns![DOCUMENT_COLUMN]!;
}
