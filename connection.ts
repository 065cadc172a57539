/**
 * One TCP connection as a sequence of frames: short reads, short writes, idle
 * peers and closing are handled here and nowhere else. What the frames mean is
 * not known here.
 *
 * @module
 */

import {
  ErrorCode,
  type Frame,
  frameSize,
  HEADER_SIZE,
  MAX_FRAME_SIZE,
  ProtocolError,
  viewOf,
} from "./protocol.ts";

/** What a connection stands on; `Deno.TcpConn` is one. */
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

/** Options of a {@linkcode Connection}. */
export interface ConnectionOptions {
  /**
   * Milliseconds that the peer may take over one whole frame, sent or taken,
   * before it is dropped.
   *
   * @default {Infinity}
   */
  idleTimeout?: number;
}

/** Two frames fit, so that one can be read while the other is used. */
const INITIAL_BUFFER_SIZE = 2 * MAX_FRAME_SIZE;
/** A peer with many frames under way is read in larger pieces. */
const MAX_BUFFER_SIZE = 8 * MAX_FRAME_SIZE;
/** Milliseconds in which a peer that was refused may read the reason. */
const LINGER = 300;

/** A sequence of frames to and from one peer; one call at a time. */
export class Connection {
  readonly #stream: ByteStream;
  readonly #idleTimeout: number;
  #buffer = new Uint8Array(INITIAL_BUFFER_SIZE);
  #view = viewOf(this.#buffer);
  /** What was read and not yet taken is `#buffer[#start..#end)`. */
  #start = 0;
  #end = 0;
  #isClosed = false;
  #isIdle = false;
  #waitingSince: number | undefined;
  /** The read under way, which whoever needs more bytes waits for. */
  #reading: Promise<boolean> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param stream The bytes; closed with the connection.
   * @param options How long the peer may be idle.
   */
  constructor(stream: ByteStream, options: ConnectionOptions) {
    this.#stream = stream;
    this.#idleTimeout = options.idleTimeout ?? Infinity;
  }

  /**
   * Waits for the next frame.
   *
   * @returns The frame, its payload valid until the next call; `null` if the
   * peer has closed between frames, or this side has closed.
   * @throws {ProtocolError} If the header declares too large a frame.
   * @throws {Deno.errors.UnexpectedEof} If the peer closes in mid-frame.
   * @throws {Deno.errors.TimedOut} If no whole frame comes in time.
   */
  async readFrame(): Promise<Frame | null> {
    let frame = this.takeFrame();
    if (frame) return frame;
    this.#startWaiting();
    try {
      while (!frame) {
        this.#checkFrameSize();
        if (!(await this.#fill())) return this.#endOfStream();
        frame = this.takeFrame();
      }
      return frame;
    } catch (error) {
      if (this.#isClosed && !this.#isIdle) return null;
      throw this.#explain(error);
    } finally {
      this.#waitingSince = undefined;
    }
  }

  /**
   * Takes the next frame if all of it has been read already.
   *
   * @returns The frame, its payload valid until {@linkcode readFrame}, or
   * `undefined` if there is no whole one.
   */
  takeFrame(): Frame | undefined {
    const buffered = this.#end - this.#start;
    if (buffered < HEADER_SIZE) return undefined;
    const size = frameSize(this.#view, this.#start);
    if (buffered < size || size > MAX_FRAME_SIZE) return undefined;
    const start = this.#start;
    this.#start += size;
    return {
      type: this.#buffer[start]!,
      payload: this.#buffer.subarray(start + HEADER_SIZE, start + size),
    };
  }

  /**
   * Watches a peer that waits for an answer, however long. It may send more
   * meanwhile, which is kept for {@linkcode readFrame}.
   *
   * @param done Ends the watch.
   * @returns Whether the peer is still there.
   */
  async watch(done: Promise<unknown>): Promise<boolean> {
    const isDone = done.then(() => "done" as const);
    while (this.#end < this.#buffer.length) {
      const event = await Promise.race([isDone, this.#fill()]);
      if (event === "done") return true;
      if (event === false) return false;
    }
    await isDone;
    return true;
  }

  /**
   * Writes whole frames.
   *
   * @param bytes All of them.
   * @throws {Deno.errors.TimedOut} If the peer does not take them in time.
   */
  async write(bytes: Uint8Array): Promise<void> {
    this.#startWaiting();
    try {
      for (let written = 0; written < bytes.length;) {
        written += await this.#stream.write(bytes.subarray(written));
      }
    } catch (error) {
      throw this.#explain(error);
    } finally {
      this.#waitingSince = undefined;
    }
  }

  /**
   * Ends the conversation so that the peer can still read what was written:
   * closing with unread bytes would reset the connection, and a reset discards
   * what the peer has not read yet. Waits for the peer's end a moment only; a
   * peer that has gone already is no fault.
   *
   * @param lastWords Frames to write before.
   */
  async hangUp(lastWords?: Uint8Array): Promise<void> {
    const timer = setTimeout(() => this.close(), LINGER);
    try {
      if (lastWords) await this.write(lastWords);
      await this.#stream.closeWrite();
      do this.#start = this.#end; while (await this.#fill());
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
    clearTimeout(this.#timer);
    this.#stream.close();
  }

  /** Closes, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Reads once behind what is buffered; false at the end of the stream. */
  #fill(): Promise<boolean> {
    return this.#reading ??= this.#read();
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

  /** Leaves room for a whole frame from `#start` on, more if much comes. */
  #makeRoom(): void {
    const isFull = this.#end === this.#buffer.length;
    if (isFull && this.#buffer.length < MAX_BUFFER_SIZE) {
      const larger = new Uint8Array(2 * this.#buffer.length);
      larger.set(this.#buffer.subarray(this.#start, this.#end));
      this.#buffer = larger;
      this.#view = viewOf(larger);
    } else {
      this.#buffer.copyWithin(0, this.#start, this.#end);
    }
    this.#end -= this.#start;
    this.#start = 0;
  }

  /** Before a byte of the payload is waited for. */
  #checkFrameSize(): void {
    if (this.#end - this.#start < HEADER_SIZE) return;
    const size = frameSize(this.#view, this.#start);
    if (size <= MAX_FRAME_SIZE) return;
    throw new ProtocolError(
      ErrorCode.TOO_LARGE,
      `Cannot take frame: it declares ${size} bytes, at most ${MAX_FRAME_SIZE} are allowed`,
    );
  }

  #endOfStream(): null {
    if (this.#end === this.#start || this.#isClosed) return null;
    throw new Deno.errors.UnexpectedEof(
      `Cannot read frame: the peer closed after ${
        this.#end - this.#start
      } bytes of it`,
    );
  }

  /** What a failure means, given why the stream was closed. */
  #explain(error: unknown): unknown {
    if (!this.#isIdle) return error;
    return new Deno.errors.TimedOut(
      `Cannot wait for the peer: idle for ${this.#idleTimeout} ms`,
      { cause: error },
    );
  }

  /** One timer at most, set anew only when it fires: frames come by thousands. */
  #startWaiting(): void {
    if (this.#idleTimeout === Infinity) return;
    this.#waitingSince = performance.now();
    this.#timer ??= setTimeout(() => this.#checkIdle(), this.#idleTimeout);
  }

  #checkIdle(): void {
    this.#timer = undefined;
    if (this.#waitingSince === undefined) return;
    const left = this.#waitingSince + this.#idleTimeout - performance.now();
    if (left > 0) {
      this.#timer = setTimeout(() => this.#checkIdle(), left);
    } else {
      this.#isIdle = true;
      this.close();
    }
  }
}

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
