// A small ZIP reader for the course's data sets: stored and deflated entries.
// The CRC-32 of each entry shows damage that nothing else has shown.

import { crc32, inflateRawSync } from "node:zlib";
import { messageOf } from "../../program/errors.ts";

// Signatures and sizes of the fixed parts, from PKWARE's APPNOTE 4.3. All
// numbers in a ZIP archive are little-endian.
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const CENTRAL_SIGNATURE = 0x02014b50;
const CENTRAL_BYTES = 46;
const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;

const METHOD_STORED = 0;
const METHOD_DEFLATED = 8;

export interface ZipEntry {
  /** Path inside the archive. Do not trust it as a path on disk. */
  readonly name: string;
  readonly size: number;
  readonly crc: number;
  readonly method: number;
  readonly packedSize: number;
  /** Byte offset of its local header. */
  readonly offset: number;
}

export class ZipArchive {
  readonly entries: readonly ZipEntry[];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #name: string;

  /**
   * Throws a `SyntaxError` if the archive is truncated or corrupt. The bytes
   * are kept, not copied.
   */
  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#name = name;
    try {
      this.entries = this.#readDirectory();
    } catch (cause) {
      throw new SyntaxError(
        `Cannot read the archive "${name}": it is truncated, or not a ZIP archive`,
        { cause },
      );
    }
  }

  /**
   * Unpacks an entry, and checks its size and CRC-32. Throws a `SyntaxError` if
   * it is corrupt, encrypted or of an unknown compression method.
   */
  read(entry: ZipEntry): Uint8Array {
    try {
      const data = this.#unpack(entry);
      if (data.length === entry.size && crc32(data) === entry.crc) return data;
      throw new SyntaxError("its size or its CRC-32 is wrong");
    } catch (cause) {
      throw new SyntaxError(
        `Cannot unpack "${entry.name}" of "${this.#name}": ${messageOf(cause)}`,
        { cause },
      );
    }
  }

  #readDirectory(): ZipEntry[] {
    let end = this.#bytes.length - END_BYTES;
    // A comment may follow the end record.
    while (!this.#isEnd(end)) end--;
    const count = this.#u16(end + 10);
    let at = this.#u32(end + 16);
    const entries: ZipEntry[] = [];
    while (entries.length < count) {
      this.#expect(CENTRAL_SIGNATURE, at);
      const nameAt = at + CENTRAL_BYTES;
      const extraAt = nameAt + this.#u16(at + 28);
      entries.push({
        name: new TextDecoder().decode(this.#bytes.subarray(nameAt, extraAt)),
        size: this.#u32(at + 24),
        crc: this.#u32(at + 16),
        method: this.#u16(at + 10),
        packedSize: this.#u32(at + 20),
        offset: this.#u32(at + 42),
      });
      at = extraAt + this.#u16(at + 30) + this.#u16(at + 32);
    }
    this.#expect(END_SIGNATURE, at);
    return entries;
  }

  /** The comment's length is checked too: it may contain the signature. */
  #isEnd(at: number): boolean {
    const end = at + END_BYTES + this.#u16(at + 20);
    return this.#u32(at) === END_SIGNATURE && end === this.#bytes.length;
  }

  /** Unpacks at most `size` bytes if the entry is deflated. */
  #unpack({ offset, packedSize, method, size }: ZipEntry): Uint8Array {
    this.#expect(LOCAL_SIGNATURE, offset);
    // Only the directory's sizes count. In archives written as a stream, the local
    // header has 0.
    const start = offset + LOCAL_BYTES + this.#u16(offset + 26) +
      this.#u16(offset + 28);
    const packed = this.#bytes.subarray(start, start + packedSize);
    if (method === METHOD_STORED) return packed;
    if (method !== METHOD_DEFLATED) {
      throw new SyntaxError(`its compression method ${method} is unknown`);
    }
    // zlib requires a limit of 1 or more.
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
  }

  #expect(signature: number, at: number): void {
    if (this.#u32(at) === signature) return;
    throw new SyntaxError(`a part of it is not at byte ${at}`);
  }

  /** Throws a `RangeError` past the end. */
  #u16(at: number): number {
    return this.#view.getUint16(at, true);
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, true);
  }
}
