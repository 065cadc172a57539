/**
 * One TCP connection as buffered bytes: short reads, short writes, idle peers
 * and closing are handled here and nowhere else. What the bytes mean is not
 * known here.
 *
 * @module
 */

import { IdleClock } from "./idle_clock.ts";

/** What a channel stands on; `Deno.TcpConn` is one. */
export interface ByteStream {
  /**
   * Reads some bytes.
   *
   * @param into Where to.
   * @returns How many, 1 or more, or `null` at the end.
   */
  read(into: Uint8Array): Promise<number | null>;
  /**
   * Writes some of the bytes.
   *
   * @param bytes What to write.
   * @returns How many were taken.
   */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends the writing side, so that the peer reads an end. */
  closeWrite(): Promise<void>;
  /** Closes both sides; what waits is rejected. */
  close(): void;
}

/** Options of a {@linkcode ByteChannel}. */
export interface ByteChannelOptions {
  /**
   * Milliseconds that the peer may take over one whole message, sent or taken,
   * before it is dropped.
   *
   * @default {Infinity}
   */
  idleTimeoutMs?: number;
  /** Most bytes that are buffered. */
  maxBufferSize: number;
}

/** Holds a message of an agency that waits for each answer; there are thousands. */
const INITIAL_BUFFER_BYTES = 1 << 13;
/** Milliseconds in which a peer that was refused may read the reason. */
const LINGER_MS = 300;

/** Buffered bytes from one peer, and a way to write to it. */
export class ByteChannel {
  readonly #stream: ByteStream;
  readonly #maxBufferSize: number;
  readonly #clock: IdleClock;
  #buffer = new Uint8Array(INITIAL_BUFFER_BYTES);
  /** What was read and not yet taken is `#buffer[#start..#end)`. */
  #start = 0;
  #end = 0;
  /** Whether this side has ended the conversation; it may not be closed yet. */
  #hasEnded = false;
  #isClosed = false;
  /** The read under way, which whoever needs more bytes waits for. */
  #reading: Promise<boolean> | undefined;

  /**
   * Starts a channel.
   *
   * @param stream The bytes; closed with the channel.
   * @param options How long the peer may be idle, how much is kept of it.
   */
  constructor(stream: ByteStream, options: ByteChannelOptions) {
    this.#stream = stream;
    this.#maxBufferSize = options.maxBufferSize;
    this.#clock = new IdleClock(
      options.idleTimeoutMs ?? Infinity,
      () => this.close(),
    );
  }

  /** The buffer: bytes that were read lie from `start` up to `end`. */
  get buffer(): Uint8Array {
    return this.#buffer;
  }

  /** Position in the buffer of the first byte not taken yet. */
  get start(): number {
    return this.#start;
  }

  /** Position in the buffer after the last byte read. */
  get end(): number {
    return this.#end;
  }

  /** Whether nothing more can be buffered before something is taken. */
  get isFull(): boolean {
    return this.#end - this.#start === this.#maxBufferSize;
  }

  /**
   * Takes bytes out of the buffer, where they stay until {@linkcode fill}.
   *
   * @param size How many, at most those that were read.
   */
  take(size: number): void {
    this.#start += size;
  }

  /**
   * Waits for a whole message, however many reads it takes.
   *
   * @param take Takes the message if all of it is buffered.
   * @returns The message; `null` if the peer has closed, or this side has.
   * @throws {Deno.errors.UnexpectedEof} If the peer closes in mid-message.
   * @throws {Deno.errors.TimedOut} If it takes too long.
   */
  async readMessage<T>(take: () => T | undefined): Promise<T | null> {
    this.#clock.start();
    try {
      while (!this.#hasEnded) {
        const message = take();
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
   * Reads once behind what is buffered, which moves to the front.
   *
   * @returns False at the end of the stream.
   */
  fill(): Promise<boolean> {
    return this.#reading ??= this.#read();
  }

  /**
   * Watches a peer that waits for an answer, however long. It may send more
   * meanwhile, which is kept as long as there is room: a peer that went away
   * behind what nobody reads would never be seen to go.
   *
   * @param done Ends the watch.
   * @returns Whether the peer is still there and waits.
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
   * Writes bytes.
   *
   * @param bytes All of them.
   * @throws {Deno.errors.TimedOut} If the peer does not take them in time.
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
   * Ends the conversation so that the peer can still read what was written:
   * closing with unread bytes would reset the connection, and a reset discards
   * what the peer has not read yet. Waits for the peer's end a moment only; a
   * peer that has gone already is no fault.
   *
   * @param lastWords Bytes to write before.
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

  /** Closes at once; what waits ends. Closing again does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#hasEnded = true;
    this.#clock.end();
    this.#stream.close();
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

  /** Moves what is buffered to the front; grows if a read has filled it all. */
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

const DISCONNECTIONS = [
  Deno.errors.ConnectionReset,
  Deno.errors.ConnectionAborted,
  Deno.errors.ConnectionRefused,
  Deno.errors.BrokenPipe,
  Deno.errors.NotConnected,
  Deno.errors.UnexpectedEof,
  Deno.errors.TimedOut,
  // Pending and later calls on a connection that this side has closed:
  Deno.errors.Interrupted,
  Deno.errors.BadResource,
];

/**
 * Says whether an error is only the connection's end, seen from this side or
 * the other, rather than a fault of the program.
 *
 * @param error What was thrown.
 * @returns Whether connecting again may help.
 */
export function isDisconnection(error: unknown): boolean {
  return DISCONNECTIONS.some((kind) => error instanceof kind);
}
