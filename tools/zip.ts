/**
 * A small reader of ZIP archives, for the course's data sets. It knows stored and
 * deflated entries, and checks every offset before it follows it.
 *
 * @module
 */

import { crc32, inflateRawSync } from "node:zlib";

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

/** Values that refer to a zip64 record for the real value. */
const ZIP64_COUNT = 0xffff;
const ZIP64_MARK = 0xffffffff;

/** Largest entry. An entry is kept in memory as a whole. */
const MAX_ENTRY_BYTES = 512 * 1024 * 1024;

/** A file or folder of an archive, as described in its central directory. */
export interface ZipEntry {
  /** Path inside the archive. Do not trust it as a path on disk. */
  readonly name: string;
  /** General purpose flags, as in the archive. */
  readonly flags: number;
  /** Compression method, as in the archive: 0 is stored and 8 is deflated. */
  readonly method: number;
  /** CRC-32 of the unpacked bytes. */
  readonly crc: number;
  /** Size of the data in the archive, in bytes. */
  readonly packedSize: number;
  /** Size of the unpacked data, in bytes. */
  readonly size: number;
  /** Byte offset of its local header in the archive. */
  readonly offset: number;
}

/** A ZIP archive in memory. */
export class ZipArchive {
  /** The entries, in the order of the central directory. */
  readonly entries: readonly ZipEntry[];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #name: string;
  /** Byte offset of the central directory. No entry's data reaches beyond it. */
  readonly #directory: number;

  /**
   * Reads the central directory of an archive.
   *
   * @param bytes The whole archive; kept, not copied.
   * @param name Name of the archive, for the messages of errors.
   * @throws {SyntaxError} If the directory is truncated, corrupt or zip64.
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
    if (
      count === ZIP64_COUNT || [size, this.#directory].includes(ZIP64_MARK) ||
      (locator >= 0 && this.#u32(locator) === ZIP64_LOCATOR_SIGNATURE)
    ) throw this.#archiveError("it is zip64, which this reader does not know");
    if (this.#u16(end + 4) !== 0 || this.#u16(end + 8) !== count) {
      throw this.#archiveError("it is one part of an archive in several");
    }
    if (this.#directory + size > end) {
      const room = `bytes ${this.#directory} to ${this.#directory + size}`;
      throw this.#archiveError(`its directory, ${room}, goes past byte ${end}`);
    }
    this.entries = this.#readDirectory(count, this.#directory + size);
  }

  /**
   * Unpacks an entry, and checks its size and CRC-32.
   *
   * @param entry One of {@linkcode ZipArchive.entries}.
   * @returns The unpacked bytes; of a stored entry, a view of the archive.
   * @throws {SyntaxError} If the entry is truncated, corrupt, encrypted, zip64,
   * over 512 MiB or of an unknown compression method.
   */
  read(entry: ZipEntry): Uint8Array {
    const { flags, packedSize, size, offset } = entry;
    if ((flags & ENCRYPTED_FLAGS) !== 0) {
      throw this.#entryError(entry, "it is encrypted");
    }
    if ([packedSize, size, offset].includes(ZIP64_MARK)) {
      const state = "it is zip64, which this reader does not know";
      throw this.#entryError(entry, state);
    }
    if (size > MAX_ENTRY_BYTES) {
      const state = `its ${size} bytes are over ${MAX_ENTRY_BYTES}`;
      throw this.#entryError(entry, state);
    }
    const data = this.#unpack(entry, this.#packedData(entry));
    if (data.length !== size) {
      throw this.#entryError(entry, `it has ${data.length} bytes, not ${size}`);
    }
    const crc = crc32(data);
    if (crc !== entry.crc) {
      const state = `its CRC-32 is ${hex(crc)}, not ${hex(entry.crc)}`;
      throw this.#entryError(entry, state);
    }
    return data;
  }

  /** Returns the byte offset of the end record, which a comment may follow. */
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
    throw this.#archiveError("it is truncated, or not a ZIP archive");
  }

  #readDirectory(count: number, end: number): ZipEntry[] {
    const decoder = new TextDecoder();
    const entries: ZipEntry[] = [];
    let at = this.#directory;
    for (let index = 1; index <= count; index++) {
      const nameAt = at + CENTRAL_BYTES;
      if (nameAt > end || this.#u32(at) !== CENTRAL_SIGNATURE) {
        const state = `entry ${index} of ${count} is not in its directory`;
        throw this.#archiveError(state);
      }
      const nameEnd = nameAt + this.#u16(at + 28);
      const next = nameEnd + this.#u16(at + 30) + this.#u16(at + 32);
      if (next > end) {
        const state = `entry ${index} of ${count} goes past its directory`;
        throw this.#archiveError(state);
      }
      entries.push({
        name: decoder.decode(this.#bytes.subarray(nameAt, nameEnd)),
        flags: this.#u16(at + 8),
        method: this.#u16(at + 10),
        crc: this.#u32(at + 16),
        packedSize: this.#u32(at + 20),
        size: this.#u32(at + 24),
        offset: this.#u32(at + 42),
      });
      at = next;
    }
    if (at !== end) {
      const state = `its directory has ${end - at} bytes after its last entry`;
      throw this.#archiveError(state);
    }
    return entries;
  }

  #packedData(entry: ZipEntry): Uint8Array {
    const at = entry.offset;
    const headerEnd = at + LOCAL_BYTES;
    if (headerEnd > this.#directory || this.#u32(at) !== LOCAL_SIGNATURE) {
      throw this.#entryError(entry, `there is no local header at byte ${at}`);
    }
    // Only the directory's sizes count. In archives written as a stream, the local
    // header has 0.
    const start = headerEnd + this.#u16(at + 26) + this.#u16(at + 28);
    const end = start + entry.packedSize;
    if (end > this.#directory) {
      const state =
        `its data, bytes ${start} to ${end}, goes past byte ${this.#directory}`;
      throw this.#entryError(entry, state);
    }
    return this.#bytes.subarray(start, end);
  }

  #unpack(entry: ZipEntry, packed: Uint8Array): Uint8Array {
    switch (entry.method) {
      case METHOD_STORED:
        return packed;
      case METHOD_DEFLATED:
        return this.#inflate(entry, packed);
      default: {
        const state = `its compression method ${entry.method} is unknown`;
        throw this.#entryError(entry, state);
      }
    }
  }

  #inflate(entry: ZipEntry, packed: Uint8Array): Uint8Array {
    try {
      // Limits the memory for an entry with a wrong size; zlib requires 1 or more.
      const maxOutputLength = Math.max(1, entry.size);
      return inflateRawSync(packed, { maxOutputLength });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const state = `its data does not inflate (${reason})`;
      throw this.#entryError(entry, state, cause);
    }
  }

  #u16(at: number): number {
    return this.#view.getUint16(at, true);
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  #archiveError(state: string): SyntaxError {
    return new SyntaxError(`Cannot read the archive "${this.#name}": ${state}`);
  }

  #entryError(entry: ZipEntry, state: string, cause?: unknown): SyntaxError {
    const what = `"${entry.name}" of "${this.#name}"`;
    return new SyntaxError(`Cannot unpack ${what}: ${state}`, { cause });
  }
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
