// An agency's file while it is sent. Its fingerprint identifies its bets, so only
// the bytes that were hashed may be sent: each chunk that is read again is
// compared with its digest before any of its rows is used.

import { reasonOf } from "../../program/errors.ts";
import { sha256 } from "../hashes.ts";
import {
  type Content,
  hashContent,
  type HashOptions,
  readChunk,
} from "./content.ts";
import { changedError, type InputFile, openInput } from "./input_file.ts";

export interface SourceFileOptions extends HashOptions {
  /** Files up to this size are kept in memory. Default: {@linkcode limits}. */
  keptBytes?: number;
}

/**
 * Files up to this size are kept in memory: reading, normalizing and verifying a
 * million bets again would take an eighth of the run's time. The simulation
 * lowers it.
 */
export const limits: { keptBytes: number } = { keptBytes: 1 << 26 };

const PERMISSION_BITS = 0o777;

/** A file's normalized content in chunks, with a digest of each. */
export class SourceFile {
  readonly #input: InputFile;
  readonly content: Content;

  private constructor(input: InputFile, content: Content) {
    this.#input = input;
    this.content = content;
  }

  /**
   * Opens and hashes a path, `-` for standard input, or a stream. Throws a
   * `ProgramError` if it cannot be read, or changes while it is hashed.
   */
  static async open(
    input: string | ReadableStream<Uint8Array>,
    options: SourceFileOptions = {},
  ): Promise<SourceFile> {
    const { keptBytes = limits.keptBytes } = options;
    const opened = await openInput(input, options.signal);
    try {
      const isKept = opened.info.size <= keptBytes;
      const content = await hashContent(opened, isKept, options);
      const source = new SourceFile(opened, content);
      source.throwIfChanged();
      return source;
    } catch (error) {
      opened.file.close();
      throw error;
    }
  }

  get path(): string {
    return this.#input.path;
  }

  get size(): number {
    return this.#input.info.size;
  }

  get contentSize(): number {
    return this.content.size;
  }

  get chunks(): number {
    return this.content.chunks.length;
  }

  get fingerprint(): string {
    return this.content.fingerprint;
  }

  /** Whether the path leads to the file; false for a pipe, whose temporary file has no name. */
  get isNamed(): boolean {
    return !this.#input.isSpooled;
  }

  /** The file's permission bits; `undefined` for a pipe. */
  get mode(): number | undefined {
    const { isSpooled, info: { mode } } = this.#input;
    return isSpooled || mode === null ? undefined : mode & PERMISSION_BITS;
  }

  /**
   * Reads and verifies a chunk, and returns its size. `into` must have room for
   * a chunk, or for a smaller file and one byte. Throws a `ProgramError` if it
   * is not the chunk that was hashed.
   */
  async readChunk(index: number, into: Uint8Array): Promise<number> {
    const { start, digest, bytes } = this.content.chunks[index]!;
    if (bytes) {
      into.set(bytes);
      return bytes.length;
    }
    const { size } = readChunk(this.#input, start, into);
    const found = await sha256(into.subarray(0, size));
    if (found.every((byte, at) => byte === digest[at])) return size;
    const change = "its content is not what was read at first";
    throw changedError(this.path, change);
  }

  /**
   * Throws a `ProgramError` if the path no longer leads to the unchanged file
   * that was hashed.
   */
  throwIfChanged(): void {
    const change = this.#findChange();
    if (change !== undefined) throw changedError(this.path, change);
  }

  #findChange(): string | undefined {
    const { file, info, isSpooled } = this.#input;
    try {
      const { size, mtime } = file.statSync();
      if (size !== info.size) {
        return `it had ${info.size} bytes and now has ${size}`;
      }
      if (mtime?.getTime() !== info.mtime?.getTime()) {
        return "it was written to";
      }
      return isSpooled || this.isSameFile(Deno.statSync(this.path))
        ? undefined
        : "another file has its name now";
    } catch (error) {
      return reasonOf(error);
    }
  }

  /**
   * True if a file is this one, under any name. On systems without inode
   * numbers, true for files with the same size and time.
   */
  isSameFile({ ino, dev, size, mtime }: Deno.FileInfo): boolean {
    const own = this.#input.info;
    if (ino !== own.ino || dev !== own.dev) return false;
    return ino !== null ||
      (size === own.size && mtime?.getTime() === own.mtime?.getTime());
  }

  [Symbol.dispose](): void {
    this.#input.file.close();
  }
}
