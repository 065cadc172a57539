// An agency's file while it is sent. Its fingerprint identifies its bets, so
// exactly the bytes that were hashed are sent: each chunk that is read again is
// compared with its digest before any of its rows is used.

import { ProgramError, reasonOf } from "../../program/errors.ts";
import { isAscii } from "../../bytes/line_ends.ts";
import {
  type Chunk,
  CHUNK_BYTES,
  ChunkDigests,
  ContentReader,
  ShortFileError,
} from "./content.ts";
import { type InputFile, openInput, readError } from "./input_file.ts";

export interface SourceFileOptions {
  /** Aborts the wait for a pipe, and the hashing. */
  signal?: AbortSignal;
  onProgress?(bytes: number): void;
  /** Files up to this size are kept in memory. Default: {@linkcode limits}. */
  keptBytes?: number;
}

/**
 * Files up to this size are kept in memory: to read, normalize and verify a
 * million bets once more takes an eighth of the time that they take in all. The
 * simulation lowers it.
 */
export const limits: { keptBytes: number } = { keptBytes: 1 << 26 };

const NEWLINE = 0x0a;
const PERMISSION_BITS = 0o777;

/** A file's normalized content in chunks, with a digest of each. */
export class SourceFile {
  readonly #file: Deno.FsFile;
  readonly #info: Deno.FileInfo;
  readonly #isSpooled: boolean;
  readonly #content: ContentReader;
  readonly #keptBytes: number;
  readonly #digests: ChunkDigests;
  readonly #starts: Float64Array;
  readonly #kept: Uint8Array[] = [];
  #chunks = 0;
  #contentSize = 0;
  #firstForeignChunk = -1;
  #lineEnd: "\n" | "\r\n" = "\n";
  #fingerprint = "";
  readonly path: string;

  private constructor(
    path: string,
    { file, isSpooled }: InputFile,
    keptBytes: number,
  ) {
    this.path = path;
    this.#file = file;
    this.#isSpooled = isSpooled;
    this.#info = file.statSync();
    this.#content = new ContentReader(file, this.size);
    this.#keptBytes = keptBytes;
    // The line end added to the last line may need its own chunk.
    const maxChunks = Math.ceil((this.size + 1) / CHUNK_BYTES);
    this.#digests = new ChunkDigests(maxChunks);
    this.#starts = new Float64Array(maxChunks);
  }

  /**
   * Opens and hashes a path, `-` for standard input, or a stream. Throws a
   * `ProgramError` if it cannot be read, or changes while it is hashed.
   */
  static async open(
    input: string | ReadableStream<Uint8Array>,
    options: SourceFileOptions = {},
  ): Promise<SourceFile> {
    const path = typeof input === "string" ? input : "-";
    const { keptBytes = limits.keptBytes } = options;
    const opened = await openInput(input, options.signal);
    try {
      const source = new SourceFile(path, opened, keptBytes);
      await source.#hash(options);
      source.throwIfChanged();
      return source;
    } catch (error) {
      opened.file.close();
      throw readError(path, error);
    }
  }

  get size(): number {
    return this.#info.size;
  }

  /** Whether the path leads to the file: a pipe's content has no name. */
  get isNamed(): boolean {
    return !this.#isSpooled;
  }

  get contentSize(): number {
    return this.#contentSize;
  }

  get chunks(): number {
    return this.#chunks;
  }

  /** Index of the first chunk that is not all ASCII, or -1. */
  get firstForeignChunk(): number {
    return this.#firstForeignChunk;
  }

  get fingerprint(): string {
    return this.#fingerprint;
  }

  get lineEnd(): "\n" | "\r\n" {
    return this.#lineEnd;
  }

  /** True if the last line has no line end: the file may be incomplete. */
  get isCut(): boolean {
    return this.#attempt(() => this.#content.isCut());
  }

  /** The file's permission bits; `undefined` for a pipe. */
  get mode(): number | undefined {
    const { mode } = this.#info;
    if (this.#isSpooled || mode === null) return undefined;
    return mode & PERMISSION_BITS;
  }

  /**
   * Reads and verifies a chunk, and returns its size. `into` must have room for
   * a chunk, or for a smaller file and one byte. Throws a `ProgramError` if it
   * is not the chunk that was hashed.
   */
  async readChunk(index: number, into: Uint8Array): Promise<number> {
    const kept = this.#kept[index];
    if (kept) {
      into.set(kept);
      return kept.length;
    }
    const { size } = this.#read(into, this.#starts[index]!);
    const chunk = into.subarray(0, size);
    if (await this.#digests.matches(index, chunk)) return size;
    throw this.#changed("its content is not what was read at first");
  }

  /**
   * Throws a `ProgramError` if the path no longer leads to the unchanged file
   * that was hashed.
   */
  throwIfChanged(): void {
    const { size, mtime } = this.#stat(() => this.#file.statSync());
    if (size !== this.size) {
      throw this.#changed(`it had ${this.size} bytes and now has ${size}`);
    }
    if (mtime?.getTime() !== this.#info.mtime?.getTime()) {
      throw this.#changed("it was written to");
    }
    if (this.#isSpooled) return;
    const named = this.#stat(() => Deno.statSync(this.path));
    if (this.isSameFile(named)) return;
    throw this.#changed("another file has its name now");
  }

  /**
   * True if a file is this one, under whatever name. On systems without file
   * numbers, true for files of the same size and time.
   */
  isSameFile({ ino, dev, size, mtime }: Deno.FileInfo): boolean {
    const own = this.#info;
    if (ino !== own.ino || dev !== own.dev) return false;
    return ino !== null ||
      (size === own.size && mtime?.getTime() === own.mtime?.getTime());
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  async #hash({ signal, onProgress }: SourceFileOptions): Promise<void> {
    const buffer = new Uint8Array(Math.min(CHUNK_BYTES, this.size + 1));
    let start = this.#attempt(() => this.#content.findStart());
    let isEnded = true;
    while (start < this.size || !isEnded) {
      signal?.throwIfAborted();
      const chunk = this.#read(buffer, start);
      const bytes = buffer.subarray(0, chunk.size);
      isEnded = bytes.at(-1) === NEWLINE;
      this.#look(bytes, start);
      await this.#digests.add(bytes);
      this.#starts[this.#chunks++] = start;
      this.#contentSize += chunk.size;
      start = chunk.end;
      onProgress?.(start);
    }
    this.#fingerprint = await this.#digests.fingerprint();
  }

  /** Collects what the first reading shows about the content. */
  #look(bytes: Uint8Array, start: number): void {
    if (this.size <= this.#keptBytes) this.#kept.push(bytes.slice());
    if (this.#firstForeignChunk < 0 && !isAscii(bytes)) {
      this.#firstForeignChunk = this.#chunks;
    }
    const end = this.#chunks === 0 ? bytes.indexOf(NEWLINE) : -1;
    if (end < 0) return;
    this.#lineEnd = this.#attempt(() => this.#content.lineEndAt(start + end));
  }

  #read(into: Uint8Array, start: number): Chunk {
    return this.#attempt(() => this.#content.readChunk(into, start));
  }

  #attempt<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ShortFileError)) throw readError(this.path, error);
      throw this.#changed(`it ends at byte ${error.end} of ${this.size}`);
    }
  }

  #stat(stat: () => Deno.FileInfo): Deno.FileInfo {
    try {
      return stat();
    } catch (error) {
      throw this.#changed(reasonOf(error));
    }
  }

  #changed(what: string): ProgramError {
    return new ProgramError(
      `Cannot finish sending agency's file "${this.path}": it changed while it was sent (${what}); check it, then send it again`,
    );
  }
}
