/**
 * Batches loaded from an agency's file, ready to send and to resend.
 *
 * @module
 */

import type { RecordReader } from "./record_reader.ts";
import { BatchFrame } from "../protocol/batch_frame.ts";

/**
 * A batch and its encoded frame. It is kept until the reply and then reused.
 */
export class OutgoingBatch {
  /** Encodes the batch. */
  readonly frame: BatchFrame = new BatchFrame();
  /** The encoded frame, once the batch is loaded. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Byte offset in the file of the first record. */
  byteOffset = 0;
  /** Line number of the first record, from 1. */
  line = 0;
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

  /** Number of bytes of the file that have been read. */
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
      if (step === "problem") {
        await onProblem(this.#file);
        this.#file.consume();
      } else if (this.#hasRoom(frame)) {
        this.#add(batch);
      } else {
        break;
      }
    }
    this.#betIndex += frame.count;
    batch.bytes = frame.finish();
    return frame.count > 0;
  }

  #hasRoom(frame: BatchFrame): boolean {
    return frame.count < this.#options.maxAmount &&
      frame.hasRoom(this.#file.packedSize);
  }

  #add(batch: OutgoingBatch): void {
    const { frame } = batch;
    if (frame.count === 0) {
      batch.byteOffset = this.#file.start;
      batch.line = this.#file.line;
    }
    this.#file.pack(frame.view, frame.end);
    frame.add(this.#file.packedSize);
    this.#file.consume();
  }
}
