// Batches loaded from an agency's file, ready to send and to resend.

import {
  GAP_BYTES,
  isGap,
  packedBetEnd,
  packedBetStart,
  unpackBets,
} from "../bet/bet.ts";
import { adviceFor } from "../bet/advice.ts";
import { findInvalidBet } from "../bet/rules.ts";
import {
  BatchFrame,
  decodeBatch,
  encodeBatch,
  HEADER_BYTES,
} from "../protocol/mod.ts";
import type { IndexSet } from "./index_set.ts";
import type { RowIdentity } from "./delivery/sent_delivery.ts";
import type { RecordReader } from "./source/record_reader.ts";

/**
 * A batch and its encoded frame, kept until the reply and then reused. A
 * _place_ is the index of a bet or gap in the frame, from 0.
 */
export class OutgoingBatch {
  readonly frame: BatchFrame = new BatchFrame();
  /** The frame to send, once the batch is loaded. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Index in the file of the bet at the first place. */
  betIndex = 0;
  count = 0;
  sent = 0;
  readonly #lines: number[] = [];

  /**
   * Starts a batch with the reader's record. A row that was sent from another
   * file keeps the identity that it has there.
   */
  begin(
    reader: RecordReader,
    { agency, fingerprint, identities }: BatchLoaderOptions,
  ): void {
    const { index } = reader;
    const [id, at] = identities.get(index) ?? [fingerprint, index];
    this.betIndex = index;
    this.frame.begin({ agency, fingerprint: id, betIndex: at });
  }

  /** Adds the reader's record, after gaps for the records that were skipped. */
  add(reader: RecordReader): void {
    const { frame } = this;
    while (this.betIndex + frame.count < reader.index) frame.addGap();
    this.#lines[frame.count] = reader.line;
    reader.pack(frame.view, frame.end);
    frame.add(reader.packedSize);
    this.count++;
  }

  /** Line number, from 1, of the bet at a place. */
  lineAt(place: number): number {
    return this.#lines[place]!;
  }

  get lastLine(): number {
    return this.lineAt(this.frame.count - 1);
  }

  fieldsAt(place: number): string[] {
    const { bets } = this.#decode();
    const start = packedBetStart(bets, place);
    const [bet] = unpackBets(bets.subarray(start, packedBetEnd(bets, start)));
    return Object.values(bet!);
  }

  /** How to correct the bet at a place, if its values suggest a correction. */
  adviceAt(place: number): string | undefined {
    const { bets } = this.#decode();
    return adviceFor(bets, packedBetStart(bets, place));
  }

  hasBetAt(place: number): boolean {
    const { bets, count } = this.#decode();
    return place < count && !isGap(bets, packedBetStart(bets, place));
  }

  places(): number[] {
    const { bets, count } = this.#decode();
    const places: number[] = [];
    let start = 0;
    for (let place = 0; place < count; place++) {
      if (!isGap(bets, start)) places.push(place);
      start = packedBetEnd(bets, start);
    }
    return places;
  }

  /** Returns why each invalid bet is invalid, by its place. */
  findInvalid(): Map<number, string> {
    const found = new Map<number, string>();
    let { bets } = this.#decode();
    let place = 0;
    for (;;) {
      const invalid = findInvalidBet(bets);
      if (!invalid) return found;
      const { index, reason } = invalid;
      found.set(place + index, reason);
      place += index + 1;
      bets = bets.subarray(packedBetStart(bets, index + 1));
    }
  }

  /** Replaces bets with gaps. If none is left, `bytes` is not to be sent. */
  leaveOut(places: ReadonlySet<number>): void {
    this.count -= places.size;
    this.sent = 0;
    if (this.count === 0) return;
    const { bets, count, ...batch } = this.#decode();
    const rest = new Uint8Array(bets.length);
    let size = 0;
    let start = 0;
    for (let place = 0; place < count; place++) {
      const end = packedBetEnd(bets, start);
      // Five empty fields are a gap; `rest` is all 0.
      if (!places.has(place)) rest.set(bets.subarray(start, end), size);
      size += places.has(place) ? GAP_BYTES : end - start;
      start = end;
    }
    this.bytes = encodeBatch({ ...batch, bets: rest.subarray(0, size) });
  }

  #decode(): ReturnType<typeof decodeBatch> {
    return decodeBatch(this.bytes.subarray(HEADER_BYTES));
  }
}

export interface BatchLoaderOptions {
  agency: number;
  /** The fingerprint under which the bets are stored. */
  fingerprint: string;
  maxAmount: number;
  /** Bet indexes that are not sent. */
  leftOut: IndexSet;
  /** Identities of rows that may be stored under another delivery, by index. */
  identities: ReadonlyMap<number, RowIdentity>;
  /** Called with each record that cannot be sent. */
  refused: { addUnsendable(reader: RecordReader): void };
}

export class BatchLoader {
  readonly #reader: RecordReader;
  readonly #options: BatchLoaderOptions;
  #records = 0;

  constructor(reader: RecordReader, options: BatchLoaderOptions) {
    this.#reader = reader;
    this.#options = options;
  }

  get byteOffset(): number {
    return this.#reader.end;
  }

  /** Number of bet indexes so far, including a header's. */
  get end(): number {
    return this.#reader.index;
  }

  /**
   * Number of records so far, including unsendable ones, but not a header.
   */
  get records(): number {
    return this.#records;
  }

  /** Fills a free batch with the next bets. False if there are none left. */
  async load(batch: OutgoingBatch): Promise<boolean> {
    const { leftOut, identities, refused } = this.#options;
    const reader = this.#reader;
    batch.count = 0;
    batch.sent = 0;
    for (;;) {
      const step = reader.peek();
      if (step === "end") break;
      if (step === "more") {
        await reader.more();
        continue;
      }
      let isAlone = false;
      if (leftOut.size > 0 && leftOut.has(reader.index)) {
        // Not sent, but counted as a record below.
      } else if (step === "problem") {
        refused.addUnsendable(reader);
      } else if (step === "record") {
        isAlone = identities.size > 0 && identities.has(reader.index);
        if (batch.count === 0) batch.begin(reader, this.#options);
        else if (isAlone || !this.#hasRoom(batch)) break;
        batch.add(reader);
      }
      if (step !== "header") this.#records++;
      reader.consume();
      if (isAlone) break;
    }
    if (batch.count > 0) batch.bytes = batch.frame.finish();
    return batch.count > 0;
  }

  #hasRoom({ frame, count, betIndex }: OutgoingBatch): boolean {
    const gaps = this.#reader.index - betIndex - frame.count;
    // A full frame has far fewer places than its 16 bits can count.
    return count < this.#options.maxAmount &&
      frame.hasRoom(gaps * GAP_BYTES + this.#reader.packedSize);
  }
}
