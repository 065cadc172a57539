// A window on a file that is read from start to end in constant memory.

import type { ReadableFile } from "../files/store_file.ts";

const WINDOW_BYTES = 1 << 20;

export class FileWindow {
  /** Bytes after those read are undefined. */
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(WINDOW_BYTES);
  readonly #file: Pick<ReadableFile, "read">;
  #byteOffset = 0;
  #length = 0;

  /** An empty window at the start of the file. */
  constructor(file: Pick<ReadableFile, "read">) {
    this.#file = file;
  }

  /** Byte offset in the file of the first byte. */
  get byteOffset(): number {
    return this.#byteOffset;
  }

  /** Returns the index of a byte from `start` on, or -1. */
  indexOf(byte: number, start: number): number {
    const index = this.bytes.indexOf(byte, start);
    return index < this.#length ? index : -1;
  }

  /**
   * Drops the bytes before `start` and reads more. False at the end of the
   * file, or if the window is full: no batch is that large.
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
