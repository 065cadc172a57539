// Buffered I/O over one connection: handles short reads, short writes, idle
// peers and closing. It does not know what the bytes mean.

import type { StartTimer } from "../program/timer.ts";
import { isDisconnection } from "./disconnection.ts";
import { IdleClock } from "./idle_clock.ts";

/** The stream under a channel, such as `Deno.TcpConn`. */
export interface ByteStream {
  /** Number of bytes read, 1 or more, or `null` at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Number of bytes written, 1 or more. */
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  /** Closes both sides. Pending calls reject. */
  close(): void;
}

export interface ByteChannelOptions {
  /** Limit for one whole message, read or written. Default: `Infinity`. */
  idleTimeoutMs?: number;
  startTimer?: StartTimer;
  maxBufferSize: number;
}

/**
 * Fits any frame of an agency with one batch under way. There may be thousands
 * of these, so the buffer grows only for agencies with more.
 */
const INITIAL_BUFFER_BYTES = 1 << 13;
/** Time for a rejected peer to read the reason before it is cut off. */
const LINGER_MS = 300;

export class ByteChannel {
  readonly #stream: ByteStream;
  readonly #maxBufferSize: number;
  readonly #clock: IdleClock;
  #buffer = new Uint8Array(INITIAL_BUFFER_BYTES);
  /** The unconsumed bytes are `#buffer[#start..#end)`. */
  #start = 0;
  #end = 0;
  /**
   * Whether this side has ended the conversation. The stream may still be open.
   */
  #hasEnded = false;
  #isClosed = false;
  #hasFilledBuffer = false;
  /** The pending read, shared by all callers that need more bytes. */
  #reading: Promise<boolean> | undefined;

  constructor(stream: ByteStream, options: ByteChannelOptions) {
    this.#stream = stream;
    this.#maxBufferSize = options.maxBufferSize;
    this.#clock = new IdleClock(
      options.idleTimeoutMs ?? Infinity,
      () => this.close(),
      options.startTimer,
    );
  }

  get buffer(): Uint8Array {
    return this.#buffer;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether the last read filled the buffer: the peer may have sent more. */
  get hasFilledBuffer(): boolean {
    return this.#hasFilledBuffer;
  }

  get isFull(): boolean {
    return this.#end - this.#start === this.#maxBufferSize;
  }

  /** Consumes bytes that were read. They stay valid until {@linkcode fill}. */
  consume(size: number): void {
    this.#start += size;
  }

  /**
   * Waits for a whole message; `null` if either side has closed. `parse`
   * returns the message and consumes it once it is fully buffered. Throws
   * `UnexpectedEof` if the peer closes in mid-message, `TimedOut` if the
   * message takes too long.
   */
  async readMessage<T>(parse: () => T | undefined): Promise<T | null> {
    this.#clock.start();
    try {
      while (!this.#hasEnded) {
        const message = parse();
        if (message !== undefined) return message;
        if (!(await this.fill())) return this.#endOfStream();
      }
      return null;
    } catch (error) {
      if (this.#hasEnded && !this.#clock.hasExpired) return null;
      throw this.#clock.explain(error);
    } finally {
      this.#clock.stop();
    }
  }

  /**
   * Reads once; false at the end of the stream. Moves the unconsumed bytes to
   * the front of the buffer first.
   */
  fill(): Promise<boolean> {
    return this.#reading ??= this.#read();
  }

  /**
   * Watches a peer that waits for a reply without a time limit; true if it is
   * still connected when `done` resolves. Input is buffered while there is
   * room. With a full buffer the watch ends, because the end of the stream
   * could no longer be seen.
   */
  async watch(done: Promise<unknown>): Promise<boolean> {
    const isDone = done.then(() => "done" as const);
    while (!this.isFull) {
      const event = await Promise.race([isDone, this.fill()]);
      if (event === "done") return true;
      if (event === false) break;
    }
    return false;
  }

  /** Throws `TimedOut` if the peer does not read the bytes in time. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#clock.start();
    try {
      let written = await this.#stream.write(bytes);
      while (written < bytes.length) {
        written += await this.#stream.write(bytes.subarray(written));
      }
    } catch (error) {
      throw this.#clock.explain(error);
    } finally {
      this.#clock.stop();
    }
  }

  /**
   * Ends the conversation after some last bytes, so that the peer can still
   * read them. Closing with unread input would reset the connection, and a
   * reset discards what the peer has not read. So this side closes its sending
   * side and waits briefly for the peer to close.
   */
  async hangUp(lastBytes?: Uint8Array): Promise<void> {
    this.#hasEnded = true;
    const timer = setTimeout(() => this.close(), LINGER_MS);
    try {
      if (lastBytes) await this.write(lastBytes);
      await this.#stream.closeWrite();
      do this.#start = this.#end; while (await this.fill());
    } catch (error) {
      if (!isDisconnection(error)) throw error;
    } finally {
      clearTimeout(timer);
      this.close();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#hasEnded = true;
    this.#clock.end();
    try {
      this.#stream.close();
    } catch (error) {
      // The peer has already closed the connection.
      if (!isDisconnection(error)) throw error;
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #read(): Promise<boolean> {
    if (this.#isClosed) return false;
    this.#makeRoom();
    try {
      const read = await this.#stream.read(this.#buffer.subarray(this.#end));
      this.#end += read ?? 0;
      this.#hasFilledBuffer = this.#end === this.#buffer.length;
      return read !== null;
    } finally {
      this.#reading = undefined;
    }
  }

  /**
   * Moves the unconsumed bytes to the front. Grows the buffer if the last read
   * filled it.
   */
  #makeRoom(): void {
    const { length } = this.#buffer;
    if (this.#end === length && length < this.#maxBufferSize) {
      const size = Math.min(2 * length, this.#maxBufferSize);
      const larger = new Uint8Array(size);
      larger.set(this.#buffer.subarray(this.#start, this.#end));
      this.#buffer = larger;
    } else {
      this.#buffer.copyWithin(0, this.#start, this.#end);
    }
    this.#end -= this.#start;
    this.#start = 0;
  }

  #endOfStream(): null {
    const rest = this.#end - this.#start;
    if (rest === 0 || this.#hasEnded) return null;
    throw new Deno.errors.UnexpectedEof(
      `Cannot read message: the peer closed after ${rest} bytes of it`,
    );
  }
}
