/**
 * One TCP connection as a sequence of lines, whatever bytes are in them.
 *
 * @module
 */

import { ByteChannel, type ByteStream } from "../net/byte_channel.ts";

/** Most bytes of a line, with its end. */
export const MAX_LINE_BYTES: number = 1 << 16;

const NEWLINE = 0x0a;

/** The peer has sent more than a line may have. */
export class LineTooLongError extends Error {
  /** Creates the error. */
  constructor() {
    super(`Cannot take line: it has over ${MAX_LINE_BYTES} bytes`);
    this.name = "LineTooLongError";
  }
}

/** Options of a {@linkcode LineConnection}. */
export interface LineConnectionOptions {
  /** Milliseconds that the peer may take over one line, sent or taken. */
  idleTimeoutMs: number;
}

/** Lines to and from one peer; one call at a time. */
export class LineConnection {
  readonly #channel: ByteChannel;
  /** Bytes of the line that were searched for its end already. */
  #searched = 0;

  /**
   * Starts a connection.
   *
   * @param stream The bytes; closed with the connection.
   * @param options How long the peer may be idle.
   */
  constructor(stream: ByteStream, options: LineConnectionOptions) {
    this.#channel = new ByteChannel(stream, {
      ...options,
      maxBufferSize: MAX_LINE_BYTES,
    });
  }

  /**
   * Waits for the next line.
   *
   * @returns The line with its end, which a last one need not have, valid until
   * the next call; `null` if the peer has closed, or this side has.
   * @throws {LineTooLongError} If there is no end to it.
   * @throws {Deno.errors.TimedOut} If it does not come in time.
   */
  async readLine(): Promise<Uint8Array | null> {
    try {
      return await this.#channel.readMessage(() => this.#takeLine());
    } catch (error) {
      if (!(error instanceof Deno.errors.UnexpectedEof)) throw error;
      return this.#take(this.#channel.end - this.#channel.start);
    }
  }

  /**
   * Writes a line.
   *
   * @param line The line with its end.
   * @throws {Deno.errors.TimedOut} If the peer does not take it in time.
   */
  write(line: Uint8Array): Promise<void> {
    return this.#channel.write(line);
  }

  /** Ends the conversation so that the peer can still read what was written. */
  hangUp(): Promise<void> {
    return this.#channel.hangUp();
  }

  /** Closes at once; what waits ends. Closing again does nothing. */
  close(): void {
    this.#channel.close();
  }

  /** Closes, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #takeLine(): Uint8Array | undefined {
    const { buffer, start, end } = this.#channel;
    const at = buffer.subarray(start, end).indexOf(NEWLINE, this.#searched);
    if (at >= 0) return this.#take(at + 1);
    if (this.#channel.isFull) throw new LineTooLongError();
    this.#searched = end - start;
    return undefined;
  }

  #take(size: number): Uint8Array {
    const { buffer, start } = this.#channel;
    this.#channel.consume(size);
    this.#searched = 0;
    return buffer.subarray(start, start + size);
  }
}

/**
 * A line as people read it.
 *
 * @param line The line.
 * @returns Its text without its end, what is not UTF-8 replaced.
 */
export function textOf(line: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(line)
    .replace(/\r?\n$/, "");
}
