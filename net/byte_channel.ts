/**
 * Buffered I/O over one connection: handles short reads, short writes, idle
 * peers and closing. It does not know what the bytes mean.
 *
 * @module
 */

import type { StartTimer } from "../program/timer.ts";
import { isDisconnection } from "./disconnection.ts";
import { IdleClock } from "./idle_clock.ts";

/** The stream under a channel, such as `Deno.TcpConn`. */
export interface ByteStream {
  /** Returns the number of bytes read, 1 or more, or `null` at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Returns the number of bytes written, 1 or more. */
  write(bytes: Uint8Array): Promise<number>;
  /** Closes the sending side; the peer reads the end of the stream. */
  closeWrite(): Promise<void>;
  /** Closes both sides. Pending calls reject. */
  close(): void;
}

/** Options of a {@linkcode ByteChannel}. */
export interface ByteChannelOptions {
  /**
   * Longest time for one whole message, read or written, in milliseconds.
   *
   * @default {Infinity}
   */
  idleTimeoutMs?: number;
  /**
   * Starts the timers of that limit.
   *
   * @default {startTimer}
   */
  startTimer?: StartTimer;
  /** Largest number of buffered bytes. */
  maxBufferSize: number;
}

/**
 * Fits any frame of an agency with one batch under way. There may be thousands
 * of these, so the buffer only grows for the others.
 */
const INITIAL_BUFFER_BYTES = 1 << 13;
/** Time for a peer to read the reason of its refusal before it is cut off. */
const LINGER_MS = 300;

/** Buffers what one peer sends, and writes to it. */
export class ByteChannel {
  readonly #stream: ByteStream;
  readonly #maxBufferSize: number;
  readonly #clock: IdleClock;
  #buffer = new Uint8Array(INITIAL_BUFFER_BYTES);
  /** The bytes that were read and not consumed are `#buffer[#start..#end)`. */
  #start = 0;
  #end = 0;
  /**
   * Whether this side has ended the conversation. The stream may still be open.
   */
  #hasEnded = false;
  #isClosed = false;
  /** The pending read, shared by all callers that need more bytes. */
  #reading: Promise<boolean> | undefined;

  /** `stream` is closed with the channel. */
  constructor(stream: ByteStream, options: ByteChannelOptions) {
    this.#stream = stream;
    this.#maxBufferSize = options.maxBufferSize;
    this.#clock = new IdleClock(
      options.idleTimeoutMs ?? Infinity,
      () => this.close(),
      options.startTimer,
    );
  }

  /** The buffer. Its unconsumed bytes are `start` to `end`. */
  get buffer(): Uint8Array {
    return this.#buffer;
  }

  /** Offset in the buffer of the first unconsumed byte. */
  get start(): number {
    return this.#start;
  }

  /** Offset in the buffer after the last byte read. */
  get end(): number {
    return this.#end;
  }

  /** Whether this side has ended the conversation. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether the buffer has no room before something is consumed. */
  get isFull(): boolean {
    return this.#end - this.#start === this.#maxBufferSize;
  }

  /** Consumes bytes that were read. They stay valid until {@linkcode fill}. */
  consume(size: number): void {
    this.#start += size;
  }

  /**
   * Waits for a whole message. Returns `null` if either side has closed.
   *
   * @param parse Returns the message if all of it is buffered, and consumes it.
   * @throws {Deno.errors.UnexpectedEof} If the peer closes in the middle of a
   * message.
   * @throws {Deno.errors.TimedOut} If the message takes too long.
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
   * Reads once. Moves the unconsumed bytes to the front of the buffer first.
   * Returns false at the end of the stream.
   */
  fill(): Promise<boolean> {
    return this.#reading ??= this.#read();
  }

  /**
   * Watches a peer that waits for a reply without a time limit. What it sends
   * is buffered while there is room. If the buffer is full the watch ends,
   * because the end of the stream could no longer be seen. Returns true if the
   * peer is still connected when `done` resolves.
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

  /**
   * Writes all of the bytes.
   *
   * @throws {Deno.errors.TimedOut} If the peer does not read them in time.
   */
  async write(bytes: Uint8Array): Promise<void> {
    this.#clock.start();
    try {
      for (let written = 0; written < bytes.length;) {
        written += await this.#stream.write(bytes.subarray(written));
      }
    } catch (error) {
      throw this.#clock.explain(error);
    } finally {
      this.#clock.stop();
    }
  }

  /**
   * Ends the conversation after some last bytes, so that the peer can still read
   * them. Closing with unread input would reset the connection, and a reset
   * discards what the peer has not read. So this side closes its sending side
   * and waits briefly for the peer to close. A peer that has already gone is not
   * an error.
   */
  async hangUp(lastWords?: Uint8Array): Promise<void> {
    this.#hasEnded = true;
    const timer = setTimeout(() => this.close(), LINGER_MS);
    try {
      if (lastWords) await this.write(lastWords);
      await this.#stream.closeWrite();
      do this.#start = this.#end; while (await this.fill());
    } catch (error) {
      if (!isDisconnection(error)) throw error;
    } finally {
      clearTimeout(timer);
      this.close();
    }
  }

  /** Closes immediately. Pending calls end. Closing again does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#hasEnded = true;
    this.#clock.end();
    try {
      this.#stream.close();
    } catch (error) {
      // Closed already, as it has to be.
      if (!isDisconnection(error)) throw error;
    }
  }

  async #read(): Promise<boolean> {
    if (this.#isClosed) return false;
    this.#makeRoom();
    try {
      const read = await this.#stream.read(this.#buffer.subarray(this.#end));
      this.#end += read ?? 0;
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
