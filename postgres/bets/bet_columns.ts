// Bets as the parameters of one statement: arrays in PostgreSQL's binary format
// (array_recv), made from the packed bytes. Strings in between took three times
// as long.

import { type Batch, GAP_BYTES, isGap, packedBetEnd } from "../../bet/bet.ts";

/** Types of elements, as in `pg_type`. */
const BIGINT = 20;
const TEXT = 25;
const DATE = 1082;
const BIGINT_BYTES = 8;
const DATE_BYTES = 4;
/** Dimensions, flags, type of the elements, their number, first index. */
const HEADER_BYTES = 20;
/** Before each element. */
const LENGTH_BYTES = 4;

const DIGIT_ZERO = 48;
const MARCH = 3;
/** From the last day of February of the year 0. */
const DAYS_BEFORE_2000 = 730_426;

/** An array with one dimension and without nulls. */
class BinaryArray {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #end = HEADER_BYTES;

  /** `maxBytes` is for the elements without their lengths. */
  constructor(type: number, count: number, maxBytes: number) {
    const size = HEADER_BYTES + count * LENGTH_BYTES + maxBytes;
    const buffer = new ArrayBuffer(size);
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer); // big-endian
    this.#view.setInt32(0, 1);
    this.#view.setInt32(8, type);
    this.#view.setInt32(12, count);
    this.#view.setInt32(16, 1);
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#end);
  }

  addText(source: Uint8Array, start: number, length: number): void {
    const to = this.#add(length);
    // Shorter than what a call of set() takes.
    for (let i = 0; i < length; i++) this.#bytes[to + i] = source[start + i]!;
  }

  addBigint(value: number): void {
    const to = this.#add(BIGINT_BYTES);
    this.#view.setUint32(to, Math.floor(value / 2 ** 32));
    this.#view.setUint32(to + 4, value % 2 ** 32);
  }

  addDate(daysSince2000: number): void {
    this.#view.setInt32(this.#add(DATE_BYTES), daysSince2000);
  }

  /** Adds an element's length, and returns where its bytes go. */
  #add(length: number): number {
    this.#view.setInt32(this.#end, length);
    const to = this.#end + LENGTH_BYTES;
    this.#end = to + length;
    return to;
  }
}

/** Converts a fingerprint to PostgreSQL's `bigint`. */
export function sourceOf(fingerprint: string): string {
  return BigInt.asIntN(64, BigInt(`0x${fingerprint}`)).toString();
}

/** The bet indexes of a batch, in order. A gap only takes an index. */
export function positionsOf({ betIndex, bets }: Batch): number[] {
  const positions: number[] = [];
  let position = betIndex;
  for (let at = 0; at < bets.length; position++) {
    if (!isGap(bets, at)) positions.push(position);
    at = packedBetEnd(bets, at);
  }
  return positions;
}

/** Positions and fields, in the order of the table's columns. */
export function columnsOf(batches: readonly Batch[]): Uint8Array[] {
  const count = sumOf(batches, ({ betCount }) => betCount);
  const maxBytes = sumOf(batches, ({ bets }) => bets.length);
  const positions = new BinaryArray(BIGINT, count, count * BIGINT_BYTES);
  const texts = [0, 1, 2].map(() => new BinaryArray(TEXT, count, maxBytes));
  const birthdates = new BinaryArray(DATE, count, count * DATE_BYTES);
  const numbers = new BinaryArray(BIGINT, count, count * BIGINT_BYTES);
  for (const { betIndex, bets } of batches) {
    let position = betIndex;
    for (let at = 0; at < bets.length; position++) {
      if (isGap(bets, at)) {
        at += GAP_BYTES;
        continue;
      }
      positions.addBigint(position);
      for (const column of texts) {
        const length = bets[at]!;
        column.addText(bets, at + 1, length);
        at += 1 + length;
      }
      birthdates.addDate(daysSince2000(bets, at + 1));
      at += 1 + bets[at]!;
      numbers.addBigint(wholeNumber(bets, at + 1, bets[at]!));
      at += 1 + bets[at]!;
    }
  }
  return [positions, ...texts, birthdates, numbers].map(({ bytes }) => bytes);
}

/**
 * The day that is written as `YYYY-MM-DD`. Years begin in March, so that a leap
 * day is the last day of its year. (A `Date` takes ten times as long.)
 */
function daysSince2000(bytes: Uint8Array, start: number): number {
  const month = wholeNumber(bytes, start + 5, 2);
  const year = wholeNumber(bytes, start, 4) - (month < MARCH ? 1 : 0);
  const monthsSinceMarch = (month + 12 - MARCH) % 12;
  const leapDays = Math.floor(year / 4) - Math.floor(year / 100) +
    Math.floor(year / 400);
  // The months from March to July have 153 days, and so have the next five.
  return 365 * year + leapDays + Math.floor((153 * monthsSinceMarch + 2) / 5) +
    wholeNumber(bytes, start + 8, 2) - DAYS_BEFORE_2000;
}

function wholeNumber(bytes: Uint8Array, start: number, digits: number): number {
  let value = 0;
  for (let at = start; at < start + digits; at++) {
    value = 10 * value + bytes[at]! - DIGIT_ZERO;
  }
  return value;
}

/** The sum of a value of each item. */
export function sumOf<T>(
  items: readonly T[],
  valueOf: (item: T) => number,
): number {
  return items.reduce((total, item) => total + valueOf(item), 0);
}
