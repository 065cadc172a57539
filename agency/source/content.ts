// A file's normalized content, in chunks, and its fingerprint, which does not
// depend on the line ends (docs/protocol.md, "Fingerprint").

import { concatenate } from "../../bytes/concatenate.ts";
import { isAscii, removeReturns } from "../../bytes/line_ends.ts";
import { sha256, shortHash } from "../hashes.ts";
import { changedError, type InputFile, readError } from "./input_file.ts";

/** Size of a chunk of the content; the last one is shorter. */
export const CHUNK_BYTES = 1 << 18;

/** What the first reading of a file shows. */
export interface Content {
  fingerprint: string;
  size: number;
  chunks: readonly Chunk[];
  /** Index of the first chunk that is not all ASCII, or -1. */
  firstForeignChunk: number;
  /** How the first line ends in the file. */
  lineEnd: "\n" | "\r\n";
  /** True if the last line has no line end: the file may be incomplete. */
  isCut: boolean;
}

export interface Chunk {
  /** Offset in the file of the chunk's source bytes. */
  start: number;
  digest: Uint8Array;
  /** Its bytes, if they are kept in memory. */
  bytes: Uint8Array | undefined;
}

export interface HashOptions {
  /** Aborts the hashing. */
  signal?: AbortSignal;
  /** Called with the bytes of the file that were hashed. */
  onProgress?(bytes: number): void;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * Reads a file's content. Synchronous, because a read from the page cache takes
 * microseconds, less than switching threads. Throws a `ProgramError` if the file
 * cannot be read, or has become shorter.
 */
export class ContentReader {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #size: number;

  constructor({ path, file, info }: InputFile) {
    this.#path = path;
    this.#file = file;
    this.#size = info.size;
  }

  /** Reads all chunks once; with `areKept`, they are kept in memory. */
  async hash(
    areKept: boolean,
    { signal, onProgress }: HashOptions,
  ): Promise<Content> {
    const buffer = new Uint8Array(Math.min(CHUNK_BYTES, this.#size + 1));
    const chunks: Chunk[] = [];
    let size = 0;
    let firstForeignChunk = -1;
    let lineEnd: Content["lineEnd"] = "\n";
    const first = this.#findStart();
    let start = first;
    let isEnded = true;
    while (start < this.#size || !isEnded) {
      signal?.throwIfAborted();
      const chunk = this.readChunk(buffer, start);
      const bytes = buffer.subarray(0, chunk.size);
      isEnded = bytes.at(-1) === NEWLINE;
      if (firstForeignChunk < 0 && !isAscii(bytes)) {
        firstForeignChunk = chunks.length;
      }
      const end = chunks.length === 0 ? bytes.indexOf(NEWLINE) : -1;
      if (end >= 0 && this.#byteAt(start + end) === RETURN) lineEnd = "\r\n";
      chunks.push({
        start,
        bytes: areKept ? bytes.slice() : undefined,
        digest: await sha256(bytes),
      });
      size += chunk.size;
      start = chunk.end;
      onProgress?.(start);
    }
    const digests = concatenate(chunks.map(({ digest }) => digest));
    const fingerprint = await shortHash(digests);
    const isCut = first < this.#size &&
      ![NEWLINE, RETURN].includes(this.#byteAt(this.#size - 1)!);
    return { fingerprint, size, chunks, firstForeignChunk, lineEnd, isCut };
  }

  /**
   * Reads the chunk that starts at an offset in the file; the offset is the
   * file's size if only the last line end is missing. `into` must have room for
   * a chunk, or for the rest of the file and a byte. Returns the chunk's size,
   * and the offset in the file after its source bytes.
   */
  readChunk(into: Uint8Array, start: number): { size: number; end: number } {
    let size = 0;
    let end = start;
    let isEnded = false;
    while (size < CHUNK_BYTES && end < this.#size) {
      const left = Math.min(CHUNK_BYTES - size, this.#size - end);
      this.#readAt(into.subarray(size, size + left), end);
      end += left;
      const hasReturn = into[size + left - 1] === RETURN &&
        this.#isLineEndAt(end);
      const filled = size + left - (hasReturn ? 1 : 0);
      size = removeReturns(into, size, filled);
      isEnded = !hasReturn && into[size - 1] === NEWLINE;
    }
    if (end === this.#size && size < CHUNK_BYTES && !isEnded) {
      into[size++] = NEWLINE;
    }
    return { size, end };
  }

  #findStart(): number {
    const hasMark = BYTE_ORDER_MARK.every((byte, at) =>
      this.#byteAt(at) === byte
    );
    return hasMark ? BYTE_ORDER_MARK.length : 0;
  }

  /** True at an LF, and at the end of the file. */
  #isLineEndAt(offset: number): boolean {
    return offset === this.#size || this.#byteAt(offset) === NEWLINE;
  }

  /** `undefined` at the end of the file. */
  #byteAt(offset: number): number | undefined {
    const byte = new Uint8Array(offset < this.#size ? 1 : 0);
    this.#readAt(byte, offset);
    return byte[0];
  }

  #readAt(into: Uint8Array, offset: number): void {
    try {
      this.#file.seekSync(offset, Deno.SeekMode.Start);
      for (let filled = 0; filled < into.length;) {
        const read = this.#file.readSync(into.subarray(filled));
        if (read === null) {
          const what = `it ends at byte ${offset + filled} of ${this.#size}`;
          throw changedError(this.#path, what);
        }
        filled += read;
      }
    } catch (error) {
      throw readError(this.#path, error);
    }
  }
}
