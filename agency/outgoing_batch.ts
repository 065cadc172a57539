/**
 * Batches cut from an agency's file, ready to send and to send again.
 *
 * @module
 */

import type { AgencyFile } from "./record_reader.ts";
import { BatchFrame } from "../protocol/batch_frame.ts";

/** One batch with its frame, kept until it is answered, then used again. */
export class Shipment {
  /** The frame that is filled. */
  readonly frame: BatchFrame = new BatchFrame();
  /** The whole frame, once it is filled. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Position in the file of its first record. */
  position = 0;
  /** Number of that record's line. */
  line = 0;
}

/** Options of a {@linkcode ShipmentLoader}. */
export interface ShipmentLoaderOptions {
  /** The agency's id. */
  agency: number;
  /** The file's fingerprint. */
  source: string;
  /** Most bets in a batch. */
  maxAmount: number;
  /** Told of each record that cannot be sent; the cursor stands at it. */
  onProblem(file: AgencyFile): Promise<void>;
}

/** Fills shipments with one record of the file after the other. */
export class ShipmentLoader {
  readonly #file: AgencyFile;
  readonly #options: ShipmentLoaderOptions;
  #offset = 0;

  /**
   * Creates a loader at the start of the file.
   *
   * @param file The file, before its first record.
   * @param options Whose it is, and how large a batch may be.
   */
  constructor(file: AgencyFile, options: ShipmentLoaderOptions) {
    this.#file = file;
    this.#options = options;
  }

  /** Bytes of the file that have been passed. */
  get position(): number {
    return this.#file.end;
  }

  /**
   * Fills a shipment with the next bets.
   *
   * @param shipment One that is free.
   * @returns Whether there were any left.
   */
  async load(shipment: Shipment): Promise<boolean> {
    const { agency, source, onProblem } = this.#options;
    const { frame } = shipment;
    frame.begin({ agency, source, offset: this.#offset });
    for (;;) {
      const step = this.#file.advance();
      if (step === "end") break;
      if (step === "problem") {
        await onProblem(this.#file);
        this.#file.take();
      } else if (this.#hasRoom(frame)) {
        this.#add(shipment);
      } else {
        break;
      }
    }
    this.#offset += frame.count;
    shipment.bytes = frame.finish();
    return frame.count > 0;
  }

  #hasRoom(frame: BatchFrame): boolean {
    return frame.count < this.#options.maxAmount &&
      frame.hasRoom(this.#file.packedSize);
  }

  #add(shipment: Shipment): void {
    const { frame } = shipment;
    if (frame.count === 0) {
      shipment.position = this.#file.start;
      shipment.line = this.#file.line;
    }
    this.#file.pack(frame.view, frame.end);
    frame.add(this.#file.packedSize);
    this.#file.take();
  }
}
