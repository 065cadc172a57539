/**
 * Batches cut from an agency's file, ready to send and to send again.
 *
 * @module
 */

import type { RecordReader } from "./record_reader.ts";
import { BatchFrame } from "../protocol/batch_frame.ts";

/** One batch with its frame, kept until it is answered, then used again. */
export class OutgoingBatch {
  /** The frame that is filled. */
  readonly frame: BatchFrame = new BatchFrame();
  /** The whole frame, once it is filled. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Position in the file of its first record. */
  byteOffset = 0;
  /** Number of that record's line. */
  line = 0;
}

/** Options of a {@linkcode BatchLoader}. */
export interface BatchLoaderOptions {
  /** The agency's id. */
  agency: number;
  /** The file's fingerprint. */
  fingerprint: string;
  /** Most bets in a batch. */
  maxAmount: number;
  /** Told of each record that cannot be sent; the cursor stands at it. */
  onProblem(file: RecordReader): Promise<void>;
}

/** Fills shipments with one record of the file after the other. */
export class BatchLoader {
  readonly #file: RecordReader;
  readonly #options: BatchLoaderOptions;
  #betIndex = 0;

  /**
   * Creates a loader at the start of the file.
   *
   * @param file The file, before its first record.
   * @param options Whose it is, and how large a batch may be.
   */
  constructor(file: RecordReader, options: BatchLoaderOptions) {
    this.#file = file;
    this.#options = options;
  }

  /** Bytes of the file that have been passed. */
  get byteOffset(): number {
    return this.#file.end;
  }

  /**
   * Fills a shipment with the next bets.
   *
   * @param batch One that is free.
   * @returns Whether there were any left.
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
