/**
 * Batches loaded from an agency's file, ready to send and to resend.
 *
 * @module
 */

import { type Batch, packedBetStart } from "../bet/bet.ts";
import { findInvalidBet } from "../bet/rules.ts";
import {
  BatchFrame,
  decodeBatch,
  encodeBatch,
  HEADER_BYTES,
} from "../protocol.ts";
import type { RecordPosition, RecordReader } from "./source/record_reader.ts";

/** Consecutive rows of a loaded batch. */
interface Piece {
  start: number;
  end: number;
}

/**
 * A batch and its encoded frame. It is kept until the reply and then reused.
 *
 * A batch that was refused for some of its rows can leave them out. It is then
 * sent in pieces of consecutive rows, one after the other, because the bets of a
 * frame are consecutive: each bet keeps its bet index, whatever is left out.
 */
export class OutgoingBatch {
  /** Encodes the batch. */
  readonly frame: BatchFrame = new BatchFrame();
  /** The encoded frame to send, once the batch is loaded. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the first record of the loaded batch is. */
  from: RecordPosition = { start: 0, line: 1, index: 0 };
  /** The rows of the loaded batch that {@linkcode bytes} has. */
  #piece: Piece = { start: 0, end: 0 };
  /** The loaded batch, once rows are left out, and what is left to send. */
  #whole: Batch | undefined;
  #pieces: Piece[] = [];

  /** Makes the frame ready to send. All of its rows are in one piece. */
  finishLoading(): void {
    this.bytes = this.frame.finish();
    this.#piece = { start: 0, end: this.frame.count };
  }

  /** Number of bets to send. */
  get count(): number {
    return this.#piece.end - this.#piece.start;
  }

  /** Index in the loaded batch of the first bet to send. */
  get firstRow(): number {
    return this.#piece.start;
  }

  /**
   * Finds the rows to send that break a rule.
   *
   * @returns Why each of them is invalid, by its index in the loaded batch.
   */
  findInvalidRows(): Map<number, string> {
    const found = new Map<number, string>();
    let { bets } = decodeBatch(this.bytes.subarray(HEADER_BYTES));
    let row = this.firstRow;
    for (;;) {
      const invalid = findInvalidBet(bets);
      if (!invalid) return found;
      const { index, reason } = invalid;
      found.set(row + index, reason);
      row += index + 1;
      bets = bets.subarray(packedBetStart(bets, index + 1));
    }
  }

  /**
   * Leaves out rows. {@linkcode nextPiece} then finds the others.
   *
   * @param rows Their indexes in the loaded batch.
   */
  leaveOut(rows: ReadonlySet<number>): void {
    // The frame's buffer holds the pieces that are sent from now on.
    this.#whole ??= decodeBatch(this.bytes.slice(HEADER_BYTES));
    const pieces: Piece[] = [];
    for (let row = this.#piece.start; row < this.#piece.end; row++) {
      if (rows.has(row)) continue;
      const last = pieces.at(-1);
      if (last?.end === row) last.end++;
      else pieces.push({ start: row, end: row + 1 });
    }
    this.#pieces.unshift(...pieces);
  }

  /**
   * Encodes the next piece of a batch that left out rows.
   *
   * @returns False if all of the batch has been sent.
   */
  nextPiece(): boolean {
    const piece = this.#pieces.shift();
    if (!piece || !this.#whole) {
      this.#whole = undefined;
      return false;
    }
    const { bets, betIndex, ...batch } = this.#whole;
    this.#piece = piece;
    this.bytes = encodeBatch({
      ...batch,
      betIndex: betIndex + piece.start,
      bets: bets.subarray(
        packedBetStart(bets, piece.start),
        packedBetStart(bets, piece.end),
      ),
    });
    return true;
  }
}

/** Options of a {@linkcode BatchLoader}. */
export interface BatchLoaderOptions {
  /** The agency's id. */
  agency: number;
  /** The file's fingerprint. */
  fingerprint: string;
  /** Largest number of bets in a batch. */
  maxAmount: number;
  /**
   * Called for each record that cannot be sent, while the reader stands at it.
   */
  onProblem(file: RecordReader): Promise<void>;
}

/** Fills batches with consecutive records of a file. */
export class BatchLoader {
  readonly #file: RecordReader;
  readonly #options: BatchLoaderOptions;
  #betIndex = 0;

  /**
   * Creates a loader at the start of the file.
   *
   * @param file Reads the records.
   * @param options The agency, and how large a batch may be.
   */
  constructor(file: RecordReader, options: BatchLoaderOptions) {
    this.#file = file;
    this.#options = options;
  }

  /** Number of bytes of the file's content that have been read. */
  get byteOffset(): number {
    return this.#file.end;
  }

  /**
   * Fills a batch with the next bets.
   *
   * @param batch A free batch.
   * @returns False if there are no bets left.
   */
  async load(batch: OutgoingBatch): Promise<boolean> {
    const { agency, fingerprint, onProblem } = this.#options;
    const { frame } = batch;
    frame.begin({ agency, fingerprint, betIndex: this.#betIndex });
    for (;;) {
      const step = this.#file.peek();
      if (step === "end") break;
      if (step === "more") {
        await this.#file.more();
      } else if (step === "problem") {
        await onProblem(this.#file);
        this.#file.consume();
      } else if (step === "header") {
        this.#file.consume();
      } else if (this.#hasRoom(frame)) {
        this.#add(batch);
      } else {
        break;
      }
    }
    this.#betIndex += frame.count;
    batch.finishLoading();
    return frame.count > 0;
  }

  #hasRoom(frame: BatchFrame): boolean {
    return frame.count < this.#options.maxAmount &&
      frame.hasRoom(this.#file.packedSize);
  }

  #add(batch: OutgoingBatch): void {
    const { frame } = batch;
    if (frame.count === 0) {
      const { start, line, index } = this.#file;
      batch.from = { start, line, index };
    }
    this.#file.pack(frame.view, frame.end);
    frame.add(this.#file.packedSize);
    this.#file.consume();
  }
}
