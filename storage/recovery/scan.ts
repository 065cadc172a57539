/**
 * Reads a store from start to end, in one pass and constant memory: finds the
 * whole batches, and what follows the last of them (docs/storage.md, "At the
 * start").
 *
 * No field contains a line break, so every line end ends a row. Only a commit
 * mark has a colon right before its CRC, so one byte shows whether a row
 * ends its batch.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import {
  type CommitMark,
  CRC_DIGITS,
  MAX_MARK_BYTES,
  parseMark,
} from "../commit_mark.ts";
import { FileWindow } from "./file_window.ts";
import type { ReadableFile } from "../store_file.ts";
import {
  findForeignLine,
  hasLostSector,
  MAX_TORN_BYTES,
  readTornTail,
} from "./torn_tail.ts";
import { findWinners, isWinningRow } from "../winners.ts";

/** A whole batch found in the store. */
export interface StoredBatch extends CommitMark {
  /** The agency's id. */
  agency: number;
  /** Byte offset of its first row in the file. */
  byteOffset: number;
  /** The documents of its winning bets, in order. */
  winners: string[];
}

/** The result of a scan. */
export interface ScanResult {
  /** Byte offset after the last whole batch. */
  committedSize: number;
  /** Size of the file in bytes. */
  size: number;
}

/** The store contains something that was not written by a central. */
export class DamagedStoreError extends Error {
  /** Byte offset of the first batch or row that is not whole. */
  readonly byteOffset: number;

  /**
   * Creates the error.
   *
   * @param byteOffset Byte offset in the file.
   * @param what What is wrong there.
   */
  constructor(byteOffset: number, what: string) {
    super(`Cannot trust store: damage at byte ${byteOffset}: ${what}`);
    this.name = "DamagedStoreError";
    this.byteOffset = byteOffset;
  }
}

const NEWLINE = 0x0a;
const COMMA = 0x2c;
const COLON = 0x3a;
const ONE = 0x31;
const NINE = 0x39;
/** Distance from the line end back to the colon before the CRC. */
const COLON_TO_NEWLINE = CRC_DIGITS + 1;
/** Larger than the rows of any batch of one frame. */
const MAX_BATCH_BYTES = 1 << 16;
const ASCII_DECODER = new TextDecoder();

/**
 * Reads the whole batches at the start of a store.
 *
 * @param file The store.
 * @param onBatch Called for each whole batch, in order.
 * @returns How far the whole batches reach. Anything after them is a torn tail,
 * which was never acknowledged.
 * @throws {DamagedStoreError} If a whole batch follows something else, or if what
 * follows the whole batches cannot be a torn tail.
 */
export async function scanStore(
  file: ReadableFile,
  onBatch: (batch: StoredBatch) => void,
): Promise<ScanResult> {
  const committedSize = await scanWholeBatches(file, onBatch);
  const { size } = await file.stat();
  if (committedSize === size) return { committedSize, size };
  if (committedSize === 0 && !await beginsLikeStore(file)) {
    throw new DamagedStoreError(
      committedSize,
      "no row of a store begins there; is it another file?",
    );
  }
  await throwIfNotTorn(file, committedSize, size);
  return { committedSize, size };
}

/**
 * Checks that what follows the whole batches can be what a crash in the middle
 * of one write leaves. The system writes pages in any order, so some of the
 * write's batches may be whole, after a page that never reached the disk.
 */
async function throwIfNotTorn(
  file: ReadableFile,
  start: number,
  size: number,
): Promise<void> {
  const isShort = size - start <= MAX_TORN_BYTES;
  const tail = isShort ? await readTornTail(file, start, size) : undefined;
  const next = await findWholeBatch(file, start);
  if (next !== undefined) {
    const gap = tail?.subarray(0, next - start);
    if (!gap || !hasLostSector(gap, start)) {
      throw new DamagedStoreError(
        start,
        "no whole batch begins there, but one follows",
      );
    }
  }
  if (!tail) {
    throw new DamagedStoreError(
      start,
      `no whole batch follows in ${
        size - start
      } bytes, and no torn write is longer than ${MAX_TORN_BYTES}`,
    );
  }
  const foreign = findForeignLine(tail);
  if (foreign >= 0) {
    throw new DamagedStoreError(
      start + foreign,
      "that line is not a row of a store; is it another file?",
    );
  }
}

/** Returns the byte offset after the whole batches at the start of the file. */
async function scanWholeBatches(
  file: ReadableFile,
  onBatch: (batch: StoredBatch) => void,
): Promise<number> {
  await file.seek(0, Deno.SeekMode.Start);
  const window = new FileWindow(file, 0);
  let batchStart = 0;
  let rowStart = 0;
  let rows = 0;
  let hasWinner = false;
  for (;;) {
    const newline = window.indexOf(NEWLINE, rowStart);
    if (newline < 0) {
      rowStart -= batchStart;
      if (!await window.slide(batchStart)) return window.byteOffset;
      batchStart = 0;
      continue;
    }
    rows++;
    const isLastRow = window.bytes[newline - COLON_TO_NEWLINE] === COLON;
    const rowEnd = isLastRow ? markComma(window, newline) : newline;
    hasWinner ||= isWinningRow(window.bytes, rowEnd);
    rowStart = newline + 1;
    if (!isLastRow) continue;
    const batch = readBatch(window, batchStart, newline);
    if (batch?.count !== rows) return window.byteOffset + batchStart;
    const batchRows = window.bytes.subarray(batchStart, rowEnd);
    onBatch({ ...batch, winners: hasWinner ? findWinners(batchRows) : [] });
    batchStart = rowStart;
    rows = 0;
    hasWinner = false;
  }
}

/**
 * True if a file without whole batches can be the result of a crash during a
 * store's first write: it starts with a row, which begins with an agency's id,
 * or with a page that never reached the disk. Any other file is not ours to
 * truncate.
 */
async function beginsLikeStore(file: ReadableFile): Promise<boolean> {
  await file.seek(0, Deno.SeekMode.Start);
  const first = new Uint8Array(1);
  await file.read(first);
  return first[0] === 0 || (first[0]! >= ONE && first[0]! <= NINE);
}

/** Returns where the first whole batch from `byteOffset` on begins, if any does. */
async function findWholeBatch(
  file: ReadableFile,
  byteOffset: number,
): Promise<number | undefined> {
  await file.seek(byteOffset, Deno.SeekMode.Start);
  const window = new FileWindow(file, byteOffset);
  let rowStarts = [0];
  for (;;) {
    const rowStart = rowStarts.at(-1)!;
    const newline = window.indexOf(NEWLINE, rowStart);
    if (newline < 0) {
      const shift = Math.max(0, window.length - MAX_BATCH_BYTES);
      if (!await window.slide(shift)) return undefined;
      rowStarts = rowStarts.map((start) => start - shift)
        .filter((start) => start >= 0);
      if (rowStarts.length === 0) rowStarts = [0];
      continue;
    }
    if (window.bytes[newline - COLON_TO_NEWLINE] === COLON) {
      const count = readMark(window, newline)?.count ?? 0;
      const firstRow = count > 0 ? rowStarts.at(-count) : undefined;
      const batch = firstRow === undefined
        ? undefined
        : findBatchInRow(window, firstRow, newline);
      if (batch) return batch.byteOffset;
    }
    rowStarts.push(newline + 1);
  }
}

/**
 * Returns the batch that ends at `newline` if it begins in the row at `row`: at
 * its start, or after a damaged line end.
 */
function findBatchInRow(
  window: FileWindow,
  row: number,
  newline: number,
): Omit<StoredBatch, "winners"> | undefined {
  const rowEnd = window.indexOf(NEWLINE, row);
  for (let start = row; start < rowEnd; start++) {
    const byte = window.bytes[start]!;
    if (byte < ONE || byte > NINE) continue;
    const batch = readBatch(window, start, newline);
    if (batch) return batch;
  }
  return undefined;
}

/** Returns the batch whose mark ends at `newline`, if its CRC is right. */
function readBatch(
  window: FileWindow,
  start: number,
  newline: number,
): Omit<StoredBatch, "winners"> | undefined {
  const mark = readMark(window, newline);
  if (!mark) return undefined;
  const checked = window.bytes.subarray(start, newline - CRC_DIGITS);
  if (crc32(checked) !== mark.crc) return undefined;
  const agency = ASCII_DECODER.decode(
    checked.subarray(0, checked.indexOf(COMMA)),
  );
  return {
    ...mark,
    agency: Number(agency),
    byteOffset: window.byteOffset + start,
  };
}

function readMark(window: FileWindow, newline: number): CommitMark | undefined {
  const comma = markComma(window, newline);
  if (comma < newline - 1 - MAX_MARK_BYTES) return undefined;
  return parseMark(
    ASCII_DECODER.decode(window.bytes.subarray(comma + 1, newline)),
  );
}

/** Returns the index of the comma before the last column of a row. */
function markComma(window: FileWindow, newline: number): number {
  return window.bytes.lastIndexOf(COMMA, newline);
}
