// The entries of one commit.

import type { StorageError } from "./errors.ts";
import { CRC_DIGITS, type LogEnd } from "./format/seal.ts";

/** Size of a write, unless a single entry needs more. */
export const WRITE_BYTES = 1 << 20;
/** Room for the rows of any batch of 8 kB. */
const ENTRY_ROOM = 1 << 16;
const ASCII_DECODER = new TextDecoder();

/** The entries of one write and one fdatasync. */
export class CommitGroup {
  readonly start: number;
  /** Bytes after {@linkcode length} are undefined. */
  buffer: Uint8Array<ArrayBuffer>;
  length = 0;
  entries = 0;
  readonly #committed = Promise.withResolvers<void>();

  constructor(start: number, buffer: Uint8Array<ArrayBuffer>) {
    this.start = start;
    this.buffer = buffer;
  }

  get bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  /** Settles when all entries are committed, or none. */
  get committed(): Promise<void> {
    return this.#committed.promise;
  }

  /** Whether another batch may not fit. */
  get isFull(): boolean {
    return this.length > WRITE_BYTES - ENTRY_ROOM;
  }

  get end(): LogEnd {
    const crc = this.bytes.subarray(-1 - CRC_DIGITS, -1);
    return {
      size: this.start + this.length,
      write: this.start,
      crc: parseInt(ASCII_DECODER.decode(crc), 16),
    };
  }

  add(entry: Uint8Array): void {
    const length = this.length + entry.length;
    if (length > this.buffer.length) {
      const larger = new Uint8Array(length);
      larger.set(this.bytes);
      this.buffer = larger;
    }
    this.buffer.set(entry, this.length);
    this.length = length;
    this.entries++;
  }

  succeed(): void {
    this.#committed.resolve();
  }

  fail(error: StorageError): void {
    // Nobody handles the rejection of a group without entries.
    if (this.entries > 0) this.#committed.reject(error);
  }
}
