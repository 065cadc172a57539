/**
 * A window on a file that is read from start to end in constant memory.
 *
 * @module
 */

import type { ReadableFile } from "../files/store_file.ts";

const WINDOW_BYTES = 1 << 20;

/** A part of the file in memory that slides towards its end. */
export class FileWindow {
  /** The bytes; those after {@linkcode length} have no meaning. */
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(WINDOW_BYTES);
  readonly #file: Pick<ReadableFile, "read">;
  #byteOffset: number;
  #length = 0;

  /**
   * Creates an empty window.
   *
   * @param file The file.
   * @param byteOffset Where in the file it stands.
   */
  constructor(file: Pick<ReadableFile, "read">, byteOffset: number) {
    this.#file = file;
    this.#byteOffset = byteOffset;
  }

  /** Byte offset in the file of the first byte. */
  get byteOffset(): number {
    return this.#byteOffset;
  }

  /** Number of bytes in the window. */
  get length(): number {
    return this.#length;
  }

  /**
   * Finds a byte.
   *
   * @param byte The byte.
   * @param start Index of the first byte to look at.
   * @returns Its index, or -1 if it is not there.
   */
  indexOf(byte: number, start: number): number {
    const index = this.bytes.indexOf(byte, start);
    return index < this.#length ? index : -1;
  }

  /**
   * Drops the bytes before `start` and reads more.
   *
   * @param start Index of the first byte to keep.
   * @returns False at the end of the file, or if the window is full: no batch is
   * that large.
   */
  async slide(start: number): Promise<boolean> {
    this.bytes.copyWithin(0, start, this.#length);
    this.#byteOffset += start;
    this.#length -= start;
    if (this.#length === WINDOW_BYTES) return false;
    const read = await this.#file.read(this.bytes.subarray(this.#length));
    this.#length += read ?? 0;
    return read !== null;
  }
}
