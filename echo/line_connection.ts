/**
 * Reads and writes lines over one connection, whatever bytes they contain.
 *
 * @module
 */

import { ByteChannel, type ByteStream } from "../net/byte_channel.ts";

/** Largest size of a line with its end. */
export const MAX_LINE_BYTES: number = 1 << 16;

const NEWLINE = 0x0a;

/** Options of a {@linkcode LineConnection}. */
export interface LineConnectionOptions {
  /** Longest time for one line, read or written, in milliseconds. */
  idleTimeoutMs: number;
}

/** Lines to and from one peer. One call may be pending at a time. */
export class LineConnection extends ByteChannel {
  constructor(stream: ByteStream, options: LineConnectionOptions) {
    super(stream, { ...options, maxBufferSize: MAX_LINE_BYTES });
  }

  /**
   * Waits for the next line, and returns it with its end, which the last one may
   * lack; `null` if either side has closed. Valid until the next call.
   *
   * @throws {Deno.errors.InvalidData} If it has no end within the limit.
   * @throws {Deno.errors.TimedOut} If it does not arrive in time.
   */
  async readLine(): Promise<Uint8Array | null> {
    try {
      return await this.readMessage(() => this.#nextLine());
    } catch (error) {
      if (!(error instanceof Deno.errors.UnexpectedEof)) throw error;
      return this.#take(this.end - this.start);
    }
  }

  /** Returns the line that is buffered as a whole, if one is. */
  #nextLine(): Uint8Array | undefined {
    const at = this.buffer.subarray(this.start, this.end).indexOf(NEWLINE);
    if (at >= 0) return this.#take(at + 1);
    if (!this.isFull) return undefined;
    throw new Deno.errors.InvalidData(
      `Cannot take line: it has over ${MAX_LINE_BYTES} bytes`,
    );
  }

  #take(size: number): Uint8Array {
    const { buffer, start } = this;
    this.consume(size);
    return buffer.subarray(start, start + size);
  }
}

/** Converts a line to text without its end; what is not UTF-8 is replaced. */
export function textOf(line: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(line)
    .replace(/\r?\n$/, "");
}
