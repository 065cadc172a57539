/**
 * A file of the store in memory, for the tests that open thousands of them.
 *
 * @module
 */

import type { StoreFile } from "../../storage/store_file.ts";

/** What is in the memory of this process; written at its end, as the store's. */
export class MemoryFile implements StoreFile {
  #bytes: Uint8Array;
  #position = 0;
  readonly #maxRead: number;

  /**
   * Makes a file.
   *
   * @param bytes What is in the file. @default {new Uint8Array(0)}
   * @param maxRead Most bytes that one read gives. @default {Infinity}
   */
  constructor(bytes: Uint8Array = new Uint8Array(0), maxRead = Infinity) {
    this.#bytes = bytes;
    this.#maxRead = maxRead;
  }

  /** What is in the file. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** What is in the file, as text. */
  get text(): string {
    return new TextDecoder().decode(this.#bytes);
  }

  /** As `Deno.FsFile` does. */
  read(into: Uint8Array): Promise<number | null> {
    const size = Math.min(into.length, this.#maxRead);
    const read = this.#bytes.subarray(this.#position, this.#position + size);
    into.set(read);
    this.#position += read.length;
    return Promise.resolve(read.length === 0 ? null : read.length);
  }

  /** As `Deno.FsFile` does when opened for appending. */
  write(bytes: Uint8Array): Promise<number> {
    const longer = new Uint8Array(this.#bytes.length + bytes.length);
    longer.set(this.#bytes);
    longer.set(bytes, this.#bytes.length);
    this.#bytes = longer;
    return Promise.resolve(bytes.length);
  }

  /** As `Deno.FsFile` does. */
  statSync(): { size: number; nlink: number } {
    return { size: this.#bytes.length, nlink: 1 };
  }

  /** As `Deno.FsFile` does, from the start only. */
  seek(offset: number | bigint, whence: Deno.SeekMode): Promise<number> {
    if (whence !== Deno.SeekMode.Start) {
      throw new RangeError(`Cannot seek: whence is ${whence}, not the start`);
    }
    this.#position = Number(offset);
    return Promise.resolve(this.#position);
  }

  /** As `Deno.FsFile` does. */
  truncate(size = 0): Promise<void> {
    this.#bytes = this.#bytes.slice(0, size);
    return Promise.resolve();
  }

  /** As `Deno.FsFile` does. */
  syncData(): Promise<void> {
    return Promise.resolve();
  }

  /** Tells the size; the store asks for no more. */
  stat(): Promise<Deno.FileInfo> {
    return Promise.resolve({ size: this.#bytes.length } as Deno.FileInfo);
  }

  /** As `Deno.FsFile` does. */
  close(): void {}
}
