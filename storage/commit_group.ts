// The entries of one commit.

import type { StorageError } from "./errors.ts";
import { CRC_DIGITS, type LogEnd } from "./format/seal.ts";

/** Size of a write, unless a single entry needs more. */
export const WRITE_BYTES = 1 << 20;
/** Room for the rows of any batch of 8 kB. */
const ENTRY_ROOM = 1 << 16;

/** One write and one fdatasync for all its entries. */
export interface Commit {
  /** Settles when all entries are committed, or none. */
  readonly committed: Promise<void>;

  /**
   * Calls back when all entries are committed, or with the error if none is.
   * The calls are made in order and before anything else can be appended.
   */
  onSettled(callback: (error?: StorageError) => void): void;
}

/** The entries of one write and one fdatasync. */
export class CommitGroup implements Commit {
  readonly start: number;
  /** Bytes after {@linkcode length} are undefined. */
  buffer: Uint8Array<ArrayBuffer>;
  length = 0;
  entries = 0;
  readonly #committed = Promise.withResolvers<void>();
  readonly #callbacks: ((error?: StorageError) => void)[] = [];

  constructor(start: number, buffer: Uint8Array<ArrayBuffer>) {
    this.start = start;
    this.buffer = buffer;
  }

  get bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  get committed(): Promise<void> {
    return this.#committed.promise;
  }

  onSettled(callback: (error?: StorageError) => void): void {
    this.#callbacks.push(callback);
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
      crc: parseInt(String.fromCharCode(...crc), 16),
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
    for (const callback of this.#callbacks) callback();
    this.#committed.resolve();
  }

  fail(error: StorageError): void {
    for (const callback of this.#callbacks) callback(error);
    // Nobody handles the rejection of a group without entries.
    if (this.entries > 0) this.#committed.reject(error);
  }
}
