// A file of the store in memory, for the tests that open thousands of them.

import type { StoreFile } from "../../storage/held_file.ts";

/** A file in memory. */
export class MemoryFile implements StoreFile {
  #bytes: Uint8Array;
  #position = 0;
  readonly #maxRead: number;

  constructor(bytes: Uint8Array = new Uint8Array(0), maxRead = Infinity) {
    this.#bytes = bytes;
    this.#maxRead = maxRead;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get text(): string {
    return new TextDecoder().decode(this.#bytes);
  }

  read(into: Uint8Array): Promise<number | null> {
    const size = Math.min(into.length, this.#maxRead);
    const read = this.#bytes.subarray(this.#position, this.#position + size);
    into.set(read);
    this.#position += read.length;
    return Promise.resolve(read.length === 0 ? null : read.length);
  }

  /** Like `Deno.FsFile` opened for appending. */
  write(bytes: Uint8Array): Promise<number> {
    const longer = new Uint8Array(this.#bytes.length + bytes.length);
    longer.set(this.#bytes);
    longer.set(bytes, this.#bytes.length);
    this.#bytes = longer;
    return Promise.resolve(bytes.length);
  }

  /** Nothing: no other program can reach it. */
  findLoss(): undefined {
    return undefined;
  }

  /** Like `Deno.FsFile`, from the start only. */
  seek(offset: number | bigint, whence: Deno.SeekMode): Promise<number> {
    if (whence !== Deno.SeekMode.Start) {
      throw new RangeError(`Cannot seek: whence is ${whence}, not the start`);
    }
    this.#position = Number(offset);
    return Promise.resolve(this.#position);
  }

  truncate(size = 0): Promise<void> {
    this.#bytes = this.#bytes.slice(0, size);
    return Promise.resolve();
  }

  syncData(): Promise<void> {
    return Promise.resolve();
  }

  stat(): Promise<Deno.FileInfo> {
    return Promise.resolve({ size: this.#bytes.length } as Deno.FileInfo);
  }
}
