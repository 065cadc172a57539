// A file's normalized content, in chunks, and its fingerprint, which does not
// depend on the line ends (docs/protocol.md, "Fingerprint").

import { concatenate } from "../../bytes/concatenate.ts";
import { isAscii, removeReturns } from "../../bytes/line_ends.ts";
import { sha256, shortHash } from "../hashes.ts";
import { changedError, type InputFile, readError } from "./input_file.ts";

/** Size of a chunk of the content; the last one is shorter. */
export const CHUNK_BYTES = 1 << 18;

/** What the first pass over a file finds. */
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
  /** The chunk's bytes, if they are kept in memory. */
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

/** Reads and hashes all chunks; with `areKept`, keeps their bytes in memory. */
export async function hashContent(
  file: InputFile,
  areKept: boolean,
  { signal, onProgress }: HashOptions,
): Promise<Content> {
  const fileSize = file.info.size;
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, fileSize + 1));
  const chunks: Chunk[] = [];
  let size = 0;
  let firstForeignChunk = -1;
  let lineEnd: Content["lineEnd"] = "\n";
  const first = startOf(file);
  let start = first;
  let isEnded = true;
  while (start < fileSize || !isEnded) {
    signal?.throwIfAborted();
    const chunk = readChunk(file, start, buffer);
    const bytes = buffer.subarray(0, chunk.size);
    isEnded = bytes.at(-1) === NEWLINE;
    if (firstForeignChunk < 0 && !isAscii(bytes)) {
      firstForeignChunk = chunks.length;
    }
    const end = chunks.length === 0 ? bytes.indexOf(NEWLINE) : -1;
    if (end >= 0 && byteAt(file, start + end) === RETURN) lineEnd = "\r\n";
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
  const last = first < fileSize ? byteAt(file, fileSize - 1) : NEWLINE;
  const isCut = last !== NEWLINE && last !== RETURN;
  return { fingerprint, size, chunks, firstForeignChunk, lineEnd, isCut };
}

/**
 * Reads the chunk that starts at an offset in the file; the offset is the file's
 * size if only the last line end is missing. `into` must have room for a chunk,
 * or for the rest of the file and a byte. Returns the chunk's size, and the
 * offset in the file after its source bytes. Throws a `ProgramError` if the file
 * cannot be read, or has become shorter.
 */
export function readChunk(
  file: InputFile,
  start: number,
  into: Uint8Array,
): { size: number; end: number } {
  const fileSize = file.info.size;
  let size = 0;
  let end = start;
  let isEnded = false;
  while (size < CHUNK_BYTES && end < fileSize) {
    const left = Math.min(CHUNK_BYTES - size, fileSize - end);
    readAt(file, end, into.subarray(size, size + left));
    end += left;
    // An LF follows, or the end of the file.
    const hasReturn = into[size + left - 1] === RETURN &&
      (end === fileSize || byteAt(file, end) === NEWLINE);
    const filled = size + left - (hasReturn ? 1 : 0);
    size = removeReturns(into, size, filled);
    isEnded = !hasReturn && into[size - 1] === NEWLINE;
  }
  if (end === fileSize && size < CHUNK_BYTES && !isEnded) {
    into[size++] = NEWLINE;
  }
  return { size, end };
}

/** The offset after a byte order mark. */
function startOf(file: InputFile): number {
  const hasMark = BYTE_ORDER_MARK.every((byte, at) =>
    byteAt(file, at) === byte
  );
  return hasMark ? BYTE_ORDER_MARK.length : 0;
}

/** `undefined` at the end of the file. */
function byteAt(file: InputFile, offset: number): number | undefined {
  const byte = new Uint8Array(offset < file.info.size ? 1 : 0);
  readAt(file, offset, byte);
  return byte[0];
}

/**
 * Synchronous, because a read from the page cache takes microseconds, less than
 * switching threads.
 */
function readAt(
  { path, file, info }: InputFile,
  offset: number,
  into: Uint8Array,
): void {
  try {
    file.seekSync(offset, Deno.SeekMode.Start);
    for (let filled = 0; filled < into.length;) {
      const read = file.readSync(into.subarray(filled));
      if (read === null) {
        const what = `it ends at byte ${offset + filled} of ${info.size}`;
        throw changedError(path, what);
      }
      filled += read;
    }
  } catch (error) {
    throw readError(path, error);
  }
}
