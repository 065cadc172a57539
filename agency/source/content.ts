// A file's normalized content, in chunks, and its fingerprint, which does not
// depend on the line ends (docs/protocol.md, "Fingerprint").

import { removeReturns } from "../../bytes/line_ends.ts";

/** Size of a chunk of the content; the last one is shorter. */
export const CHUNK_BYTES = 1 << 18;

export interface Chunk {
  size: number;
  /** Offset in the file after the chunk's source bytes. */
  end: number;
}

export class ShortFileError extends Error {
  override readonly name = "ShortFileError";
  readonly end: number;

  constructor(end: number) {
    super(`Cannot read on at byte ${end}: the file ends there`);
    this.end = end;
  }
}

const DIGEST_BYTES = 32;
const FINGERPRINT_BYTES = 8;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * Reads a file's content. Synchronous, because a read from the page cache takes
 * microseconds, less than switching threads.
 */
export class ContentReader {
  readonly #file: Deno.FsFile;
  readonly #size: number;

  constructor(file: Deno.FsFile, size: number) {
    this.#file = file;
    this.#size = size;
  }

  findStart(): number {
    const start = this.#bytesAt(0, BYTE_ORDER_MARK.length);
    const hasMark = BYTE_ORDER_MARK.every((byte, at) => start[at] === byte);
    return hasMark ? BYTE_ORDER_MARK.length : 0;
  }

  /** Returns how a line ends in the file, given the offset after its text. */
  lineEndAt(offset: number): "\n" | "\r\n" {
    return this.#bytesAt(offset, 1)[0] === RETURN ? "\r\n" : "\n";
  }

  /** True if the last line has no line end. */
  isCut(): boolean {
    if (this.#size <= this.findStart()) return false;
    const [last] = this.#bytesAt(this.#size - 1, 1);
    return last !== NEWLINE && last !== RETURN;
  }

  /**
   * Reads the chunk that starts at an offset in the file; the offset is the
   * file's size if only the last line end is missing. `into` must have room for
   * a chunk, or for the rest of the file and a byte. Throws a `ShortFileError`
   * if the file has become shorter.
   */
  readChunk(into: Uint8Array, start: number): Chunk {
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

  /** True at an LF, and at the end of the file. */
  #isLineEndAt(offset: number): boolean {
    return offset === this.#size || this.#bytesAt(offset, 1)[0] === NEWLINE;
  }

  /** Returns fewer bytes only at the end of the file. */
  #bytesAt(offset: number, size: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(size, this.#size - offset));
    this.#readAt(bytes, offset);
    return bytes;
  }

  #readAt(into: Uint8Array, offset: number): void {
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    for (let filled = 0; filled < into.length;) {
      const read = this.#file.readSync(into.subarray(filled));
      if (read === null) throw new ShortFileError(offset + filled);
      filled += read;
    }
  }
}

/**
 * The digests of a content's chunks, of which the fingerprint is the digest. A
 * digest also shows whether a chunk is unchanged when it is read again.
 */
export class ChunkDigests {
  readonly #digests: Uint8Array<ArrayBuffer>;
  #count = 0;

  constructor(maxChunks: number) {
    this.#digests = new Uint8Array(maxChunks * DIGEST_BYTES);
  }

  /** The buffer may be reused before this resolves. */
  async add(chunk: Uint8Array): Promise<void> {
    this.#digests.set(await sha256(chunk), DIGEST_BYTES * this.#count++);
  }

  async matches(index: number, chunk: Uint8Array): Promise<boolean> {
    const digest = await sha256(chunk);
    return digest.every((byte, at) =>
      byte === this.#digests[DIGEST_BYTES * index + at]
    );
  }

  /** Returns the fingerprint of all chunks, as 16 hex digits. */
  async fingerprint(): Promise<string> {
    const used = this.#digests.subarray(0, DIGEST_BYTES * this.#count);
    return (await sha256(used)).subarray(0, FINGERPRINT_BYTES).toHex();
  }
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  const data = bytes as Uint8Array<ArrayBuffer>;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}
