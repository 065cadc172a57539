/**
 * An agency's file while it is sent. Its bets are identified by the hash of the
 * whole content, so that content must not change until the last one is stored:
 * new rows would be stored as bets of the old file, and again as bets of the new
 * one.
 *
 * @module
 */

import { messageOf, ProgramError } from "../../program/errors.ts";
import { type InputFile, openInput } from "./input_file.ts";

/** Files up to this size are hashed in one piece. */
const WHOLE_FILE_BYTES = 1 << 22;
const CHUNK_BYTES = 1 << 18;
const FINGERPRINT_BYTES = 8;

/** The open file, of which exactly the bytes that were hashed are read. */
export class SourceFile {
  readonly #file: Deno.FsFile;
  readonly #info: Deno.FileInfo;
  readonly #isSpooled: boolean;
  #fingerprint = "";
  /** Path of the file. */
  readonly path: string;

  private constructor(
    path: string,
    { file, isSpooled }: InputFile,
    info: Deno.FileInfo,
  ) {
    this.path = path;
    this.#file = file;
    this.#isSpooled = isSpooled;
    this.#info = info;
  }

  /**
   * Opens and hashes a file.
   *
   * @param path The file or pipe, or `-` for standard input.
   * @param signal Aborts the wait for a pipe, and the hashing.
   * @returns The file.
   * @throws {ProgramError} If it is no file or pipe, or changes in the meantime.
   */
  static async open(path: string, signal?: AbortSignal): Promise<SourceFile> {
    const input = await openInput(path, signal);
    const { file } = input;
    try {
      const source = new SourceFile(path, input, await file.stat());
      const hash = source.size <= WHOLE_FILE_BYTES
        ? await source.#hashWhole()
        : await source.#hashInChunks(signal);
      source.#fingerprint = hash.subarray(0, FINGERPRINT_BYTES).toHex();
      await source.throwIfChanged();
      return source;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Size in bytes when the file was opened. */
  get size(): number {
    return this.#info.size;
  }

  /** The first 8 bytes of the content's SHA-256, as 16 hex digits. */
  get fingerprint(): string {
    return this.#fingerprint;
  }

  /**
   * Reads some bytes. Synchronous, because a read from the page cache takes
   * microseconds, less than a hop to another thread.
   *
   * @param into The buffer to read into.
   * @param byteOffset Byte offset in the file.
   * @returns Number of bytes read, or `null` at the end.
   * @throws {ProgramError} If the file has become shorter.
   */
  read(into: Uint8Array, byteOffset: number): number | null {
    const left = this.size - byteOffset;
    if (left <= 0) return null;
    this.#file.seekSync(byteOffset, Deno.SeekMode.Start);
    const read = this.#file.readSync(into.subarray(0, left));
    if (read !== null) return read;
    throw this.#changed(`it ends at byte ${byteOffset} of ${this.size}`);
  }

  /**
   * Checks that the file, under its name, is still the one that was hashed.
   *
   * @throws {ProgramError} If it was changed, replaced or removed.
   */
  async throwIfChanged(): Promise<void> {
    const { size, mtime } = await this.#file.stat();
    if (size !== this.size) {
      throw this.#changed(`it had ${this.size} bytes and now has ${size}`);
    }
    if (mtime?.getTime() !== this.#info.mtime?.getTime()) {
      throw this.#changed("it was written to");
    }
    if (this.#isSpooled || this.isSameFile(await this.#statName())) return;
    throw this.#changed("another file has its name now");
  }

  /**
   * True if a file is this one, under whatever name.
   *
   * @param info What the system says about the file.
   * @returns Whether both are the same. On systems without file numbers, true
   * for files of the same size and time.
   */
  isSameFile({ ino, dev, size, mtime }: Deno.FileInfo): boolean {
    const own = this.#info;
    if (ino !== own.ino || dev !== own.dev) return false;
    return ino !== null ||
      (size === own.size && mtime?.getTime() === own.mtime?.getTime());
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }

  async #statName(): Promise<Deno.FileInfo> {
    try {
      return await Deno.stat(this.path);
    } catch (error) {
      throw this.#changed(messageOf(error));
    }
  }

  #changed(what: string): ProgramError {
    return new ProgramError(
      `Cannot go on with agency's file "${this.path}": it changed while it was sent (${what}); have a look at it, then send it again`,
    );
  }

  /**
   * Hashes a small file without node:crypto, whose loading takes as long as the
   * rest of an agency's start.
   */
  async #hashWhole(): Promise<Uint8Array> {
    const bytes = new Uint8Array(this.size);
    let length = 0;
    while (length < bytes.length) {
      length += this.read(bytes.subarray(length), length) ?? 0;
    }
    return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  }

  async #hashInChunks(signal?: AbortSignal): Promise<Uint8Array> {
    const { createHash } = await import("node:crypto");
    const hash = createHash("sha256");
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let byteOffset = 0;;) {
      signal?.throwIfAborted();
      const read = this.read(chunk, byteOffset);
      if (read === null) return hash.digest();
      hash.update(chunk.subarray(0, read));
      byteOffset += read;
    }
  }
}
