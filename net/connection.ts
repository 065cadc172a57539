/**
 * One TCP connection as a sequence of frames. What the frames mean is not known
 * here.
 *
 * @module
 */

import { ByteChannel, type ByteStream } from "./byte_channel.ts";
import { viewOf } from "../bytes/swar.ts";
import {
  ErrorCode,
  type Frame,
  frameSize,
  HEADER_BYTES,
  MAX_FRAME_BYTES,
  ProtocolError,
} from "../protocol.ts";

export { isDisconnection } from "./byte_channel.ts";

/** Options of a {@linkcode Connection}. */
export interface ConnectionOptions {
  /**
   * Milliseconds that the peer may take over one whole frame, sent or taken,
   * before it is dropped.
   *
   * @default {Infinity}
   */
  idleTimeoutMs?: number;
}

/** A peer with many frames under way is read in pieces of up to this. */
const MAX_BUFFER_BYTES = 8 * MAX_FRAME_BYTES;

/** Frames to and from one peer; one read and one write at a time. */
export class Connection {
  readonly #channel: ByteChannel;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /**
   * Starts a connection.
   *
   * @param stream The bytes; closed with the connection.
   * @param options How long the peer may be idle.
   */
  constructor(stream: ByteStream, options: ConnectionOptions) {
    this.#channel = new ByteChannel(stream, {
      ...options,
      maxBufferSize: MAX_BUFFER_BYTES,
    });
  }

  /**
   * Waits for the next frame.
   *
   * @returns The frame, its payload valid until the next call of this or of
   * {@linkcode watch}; `null` if the peer has closed between frames, or this
   * side has closed.
   * @throws {ProtocolError} If the header declares too large a frame.
   * @throws {Deno.errors.UnexpectedEof} If the peer closes in mid-frame.
   * @throws {Deno.errors.TimedOut} If no whole frame comes in time.
   */
  readFrame(): Promise<Frame | null> {
    return this.#channel.readMessage(() => {
      this.#checkFrameSize();
      return this.nextBufferedFrame();
    });
  }

  /**
   * Takes the next frame if all of it has been read already.
   *
   * @returns The frame, its payload valid as that of {@linkcode readFrame}, or
   * `undefined` if there is no whole one.
   */
  nextBufferedFrame(): Frame | undefined {
    const size = this.#nextFrameSize();
    const { buffer, start, end } = this.#channel;
    if (end - start < size || size > MAX_FRAME_BYTES) return undefined;
    this.#channel.take(size);
    return {
      type: buffer[start]!,
      payload: buffer.subarray(start + HEADER_BYTES, start + size),
    };
  }

  /** Whether some of the next frame has been read. */
  get isMidFrame(): boolean {
    return this.#channel.end > this.#channel.start;
  }

  /**
   * Watches a peer that waits for an answer, however long. It may send more
   * meanwhile, which is kept for {@linkcode readFrame} as long as there is room.
   *
   * @param done Ends the watch.
   * @returns Whether the peer is still there and waits.
   */
  watch(done: Promise<unknown>): Promise<boolean> {
    return this.#channel.watch(done);
  }

  /**
   * Writes whole frames.
   *
   * @param frames All of their bytes.
   * @throws {Deno.errors.TimedOut} If the peer does not take them in time.
   */
  write(frames: Uint8Array): Promise<void> {
    return this.#channel.write(frames);
  }

  /**
   * Ends the conversation so that the peer can still read what was written, but
   * waits for it only a moment.
   *
   * @param lastWords Frames to write before.
   */
  hangUp(lastWords: Uint8Array): Promise<void> {
    return this.#channel.hangUp(lastWords);
  }

  /** Closes at once; what waits ends. Closing again does nothing. */
  close(): void {
    this.#channel.close();
  }

  /** Closes, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Bytes of the next frame as its header declares; before that, a header's. */
  #nextFrameSize(): number {
    const { buffer, start, end } = this.#channel;
    if (end - start < HEADER_BYTES) return HEADER_BYTES;
    if (this.#view.buffer !== buffer.buffer) this.#view = viewOf(buffer);
    return frameSize(this.#view, start);
  }

  /** Before a byte of the payload is waited for. */
  #checkFrameSize(): void {
    const size = this.#nextFrameSize();
    if (size <= MAX_FRAME_BYTES) return;
    throw new ProtocolError(
      ErrorCode.TOO_LARGE,
      `Cannot take frame: it declares ${size} bytes, at most ${MAX_FRAME_BYTES} are allowed`,
    );
  }
}
