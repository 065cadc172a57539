// A small ZIP reader for the course's data sets. It supports stored and
// deflated entries, and checks every offset before it follows it.

import { crc32, inflateRawSync } from "node:zlib";
import { messageOf } from "../program/errors.ts";

// Signatures and sizes of the fixed parts, from PKWARE's APPNOTE 4.3. All
// numbers in a ZIP archive are little-endian.
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const CENTRAL_SIGNATURE = 0x02014b50;
const CENTRAL_BYTES = 46;
const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const ZIP64_LOCATOR_SIGNATURE = 0x07064b50;
const ZIP64_LOCATOR_BYTES = 20;
const MAX_COMMENT_BYTES = 0xffff;

/** Flags of encrypted data, or of an encrypted directory. */
const ENCRYPTED_FLAGS = 0x0001 | 0x0040 | 0x2000;
const METHOD_STORED = 0;
const METHOD_DEFLATED = 8;

/** Values that mean: see a zip64 record for the real value. */
const ZIP64_COUNT = 0xffff;
const ZIP64_MARK = 0xffffffff;
const ZIP64_PROBLEM = "it is zip64, which this reader does not know";

/** An entry is kept in memory as a whole. */
const MAX_ENTRY_BYTES = 512 * 1024 * 1024;

export interface ZipEntry {
  /** Path inside the archive. Do not trust it as a path on disk. */
  readonly name: string;
  /** Byte offset of its header in the central directory. */
  readonly at: number;
  readonly size: number;
}

export class ZipArchive {
  readonly entries: readonly ZipEntry[];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #name: string;
  /**
   * Byte offset of the central directory. No entry's data reaches beyond it.
   */
  readonly #directory: number;

  /**
   * Throws a `SyntaxError` if the archive is truncated, corrupt or zip64. The
   * bytes are kept, not copied.
   */
  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#name = name;
    const end = this.#findEnd();
    const count = this.#u16(end + 10);
    const size = this.#u32(end + 12);
    this.#directory = this.#u32(end + 16);
    const locator = end - ZIP64_LOCATOR_BYTES;
    const isZip64 = count === ZIP64_COUNT ||
      [size, this.#directory].includes(ZIP64_MARK) ||
      (locator >= 0 && this.#u32(locator) === ZIP64_LOCATOR_SIGNATURE);
    if (isZip64) throw this.#error(ZIP64_PROBLEM);
    if (this.#u16(end + 4) !== 0 || this.#u16(end + 8) !== count) {
      throw this.#error("it is one part of an archive in several");
    }
    if (this.#directory + size > end) {
      const room = `bytes ${this.#directory} to ${this.#directory + size}`;
      throw this.#error(`its directory, ${room}, goes past byte ${end}`);
    }
    this.entries = this.#readDirectory(count, this.#directory + size);
  }

  /**
   * Unpacks an entry, and checks its size and CRC-32. Returns a view of the
   * archive if the entry is stored. Throws a `SyntaxError` if it is truncated,
   * corrupt, encrypted, zip64, over 512 MiB or of an unknown compression
   * method.
   */
  read(entry: ZipEntry): Uint8Array {
    const { at, size } = entry;
    const crc = this.#u32(at + 16);
    if ((this.#u16(at + 8) & ENCRYPTED_FLAGS) !== 0) {
      throw this.#error("it is encrypted", entry);
    }
    if (
      [at + 20, at + 24, at + 42].some((at) => this.#u32(at) === ZIP64_MARK)
    ) {
      throw this.#error(ZIP64_PROBLEM, entry);
    }
    if (size > MAX_ENTRY_BYTES) {
      throw this.#error(`its ${size} bytes are over ${MAX_ENTRY_BYTES}`, entry);
    }
    const data = this.#unpack(entry, size);
    if (data.length !== size) {
      throw this.#error(`it has ${data.length} bytes, not ${size}`, entry);
    }
    const found = crc32(data);
    if (found === crc) return data;
    throw this.#error(`its CRC-32 is ${hex(found)}, not ${hex(crc)}`, entry);
  }

  /** Byte offset of the end record, which a comment may follow. */
  #findEnd(): number {
    const last = this.#bytes.length - END_BYTES;
    const first = Math.max(0, last - MAX_COMMENT_BYTES);
    for (let at = last; at >= first; at--) {
      // The length is checked too, as a comment may contain the signature.
      const end = at + END_BYTES + this.#u16(at + 20);
      if (this.#u32(at) === END_SIGNATURE && end === this.#bytes.length) {
        return at;
      }
    }
    throw this.#error("it is truncated, or not a ZIP archive");
  }

  #readDirectory(count: number, end: number): ZipEntry[] {
    const decoder = new TextDecoder();
    const entries: ZipEntry[] = [];
    let at = this.#directory;
    for (let index = 1; index <= count; index++) {
      const nameAt = at + CENTRAL_BYTES;
      if (nameAt > end || this.#u32(at) !== CENTRAL_SIGNATURE) {
        throw this.#error(`entry ${index} of ${count} is not in its directory`);
      }
      const nameEnd = nameAt + this.#u16(at + 28);
      const next = nameEnd + this.#u16(at + 30) + this.#u16(at + 32);
      if (next > end) {
        throw this.#error(`entry ${index} of ${count} goes past its directory`);
      }
      const name = decoder.decode(this.#bytes.subarray(nameAt, nameEnd));
      entries.push({ name, at, size: this.#u32(at + 24) });
      at = next;
    }
    if (at === end) return entries;
    throw this.#error(
      `its directory has ${end - at} bytes after its last entry`,
    );
  }

  /** Unpacks at most `size` bytes if the entry is deflated. */
  #unpack(entry: ZipEntry, size: number): Uint8Array {
    const packed = this.#packedData(entry);
    const method = this.#u16(entry.at + 10);
    if (method === METHOD_STORED) return packed;
    if (method !== METHOD_DEFLATED) {
      throw this.#error(`its compression method ${method} is unknown`, entry);
    }
    try {
      // zlib requires a limit of 1 or more.
      return inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
    } catch (cause) {
      const state = `its data does not inflate (${messageOf(cause)})`;
      throw this.#error(state, entry, cause);
    }
  }

  #packedData(entry: ZipEntry): Uint8Array {
    const at = this.#u32(entry.at + 42);
    const headerEnd = at + LOCAL_BYTES;
    if (headerEnd > this.#directory || this.#u32(at) !== LOCAL_SIGNATURE) {
      throw this.#error(`there is no local header at byte ${at}`, entry);
    }
    // Only the directory's sizes count. In archives written as a stream, the local
    // header has 0.
    const start = headerEnd + this.#u16(at + 26) + this.#u16(at + 28);
    const end = start + this.#u32(entry.at + 20);
    if (end <= this.#directory) return this.#bytes.subarray(start, end);
    const room = `bytes ${start} to ${end}`;
    const state = `its data, ${room}, goes past byte ${this.#directory}`;
    throw this.#error(state, entry);
  }

  #u16(at: number): number {
    return this.#view.getUint16(at, true);
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  #error(state: string, entry?: ZipEntry, cause?: unknown): SyntaxError {
    const what = entry
      ? `Cannot unpack "${entry.name}" of "${this.#name}"`
      : `Cannot read the archive "${this.#name}"`;
    return new SyntaxError(`${what}: ${state}`, { cause });
  }
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
