/**
 * Batches as the rows of `bets.csv` (docs/storage.md), gathered for one write.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import type { Batch } from "../bet.ts";
import { formatCrc, formatMarkStart, MAX_MARK_SIZE } from "./commit_mark.ts";
import { documentOfRow, isWinningRow } from "./winners.ts";

const COMMA = 0x2c;
const QUOTE = 0x22;
const NEWLINE = 0x0a;
/** Only the two names, the first fields, can hold what needs quoting. */
const NAME_COUNT = 2;
const MAX_AGENCY_DIGITS = 10;
/** What a row has beside its packed bytes: agency, comma, quotes, line end. */
const MAX_ROW_OVERHEAD = MAX_AGENCY_DIGITS + 1 + 2 * NAME_COUNT + 1;
/** A buffer that one large commit has grown past this is let go after it. */
const KEPT_SIZE = 1 << 20;
const ASCII_ENCODER = new TextEncoder();

/** Rows that wait for one write; emptied and used again. */
export class RowBuffer {
  #bytes = new Uint8Array(KEPT_SIZE);
  #length = 0;

  /** The rows so far: a view, valid until the next call. */
  get rows(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Empties the buffer. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > KEPT_SIZE) this.#bytes = new Uint8Array(KEPT_SIZE);
  }

  /**
   * Adds a batch: its rows, the last one with the commit mark.
   *
   * @param batch The batch, of valid bets, 1 or more.
   * @returns The documents of the bets that win, in order.
   */
  addBatch(batch: Batch): string[] {
    this.#reserve(maxRowsSize(batch));
    const batchStart = this.#length;
    const agency = ASCII_ENCODER.encode(`${batch.agency},`);
    const winners: string[] = [];
    for (let bet = 0; bet < batch.bets.length;) {
      if (bet > 0) this.#bytes[this.#length++] = NEWLINE;
      const rowStart = this.#length;
      bet = this.#addRow(agency, batch.bets, bet);
      if (isWinningRow(this.#bytes, this.#length)) {
        winners.push(documentOfRow(this.rows.subarray(rowStart)));
      }
    }
    this.#addText(`,${formatMarkStart(batch)}`);
    const crc = crc32(this.#bytes.subarray(batchStart, this.#length));
    this.#addText(`${formatCrc(crc)}\n`);
    return winners;
  }

  /**
   * Adds a line of its own.
   *
   * @param ascii The line without its end, ASCII only.
   */
  addLine(ascii: string): void {
    this.#reserve(ascii.length + 1);
    this.#addText(`${ascii}\n`);
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.rows);
    this.#bytes = larger;
  }

  /** Adds the bet at `start` without a line end; returns where it ends. */
  #addRow(agency: Uint8Array, bets: Uint8Array, start: number): number {
    const target = this.#bytes;
    let to = this.#length;
    for (let i = 0; i < agency.length; i++) target[to++] = agency[i]!;
    const lastName = start + 1 + bets[start]!;
    const document = lastName + 1 + bets[lastName]!;
    const birthdate = document + 1 + bets[document]!;
    const number = birthdate + 1 + bets[birthdate]!;
    const end = number + 1 + bets[number]!;
    to = addName(target, to, bets, start + 1, lastName);
    target[to++] = COMMA;
    to = addName(target, to, bets, lastName + 1, document);
    target[to++] = COMMA;
    // The other three never need quotes: they go over as they are, but for
    // commas in place of their length bytes.
    const shift = to - (document + 1);
    for (let from = document + 1; from < end; from++) {
      target[from + shift] = bets[from]!;
    }
    target[birthdate + shift] = COMMA;
    target[number + shift] = COMMA;
    this.#length = end + shift;
    return end;
  }

  #addText(ascii: string): void {
    const room = this.#bytes.subarray(this.#length);
    this.#length += ASCII_ENCODER.encodeInto(ascii, room).written;
  }
}

/** Bytes of the batch's rows at their largest, so that no byte needs a check. */
function maxRowsSize({ bets, count }: Batch): number {
  return 2 * bets.length + count * MAX_ROW_OVERHEAD + 1 + MAX_MARK_SIZE + 1;
}

/** Adds the name `bets[start..end)` at `to`; returns its end there. */
function addName(
  target: Uint8Array,
  to: number,
  bets: Uint8Array,
  start: number,
  end: number,
): number {
  const shift = to - start;
  let needsQuotes = false;
  for (let from = start; from < end; from++) {
    const byte = bets[from]!;
    // Letters lie above both, so that one comparison does for most bytes.
    if (byte <= COMMA && (byte === COMMA || byte === QUOTE)) needsQuotes = true;
    target[from + shift] = byte;
  }
  return needsQuotes ? quoteField(target, to, end + shift) : end + shift;
}

/** Quotes the field at `target[start..end)` in place (RFC 4180); returns its new end. */
function quoteField(target: Uint8Array, start: number, end: number): number {
  const field = target.slice(start, end);
  let to = start;
  target[to++] = QUOTE;
  for (const byte of field) {
    if (byte === QUOTE) target[to++] = QUOTE;
    target[to++] = byte;
  }
  target[to++] = QUOTE;
  return to;
}
