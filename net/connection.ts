/**
 * Reads and writes frames over one connection. It does not know what the frames
 * mean.
 *
 * @module
 */

import {
  ByteChannel,
  type ByteChannelOptions,
  type ByteStream,
} from "./byte_channel.ts";
import { isTlsRecord } from "./tls.ts";
import { viewOf } from "../bytes/swar.ts";
import {
  type Frame,
  frameSize,
  HEADER_BYTES,
  MAX_FRAME_BYTES,
  ProtocolError,
} from "../protocol.ts";

export { isDisconnection } from "./disconnection.ts";

/** Options of a {@linkcode Connection}. Its messages are the frames. */
export type ConnectionOptions = Omit<ByteChannelOptions, "maxBufferSize">;

/** Largest read buffer, for a peer with many frames under way. */
const MAX_BUFFER_BYTES = 8 * MAX_FRAME_BYTES;

/**
 * Frames to and from one peer. One read and one write may be pending at a time.
 */
export class Connection {
  readonly #channel: ByteChannel;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** `stream` is closed with the connection. */
  constructor(stream: ByteStream, options: ConnectionOptions) {
    this.#channel = new ByteChannel(stream, {
      ...options,
      maxBufferSize: MAX_BUFFER_BYTES,
    });
  }

  /**
   * Waits for the next frame. Returns `null` if the peer has closed between
   * frames or this side has closed. The payload is valid until the next call of
   * this or of {@linkcode watch}.
   *
   * @throws {ProtocolError} If the header declares too large a frame.
   * @throws {Deno.errors.UnexpectedEof} If the peer closes in the middle of a
   * frame.
   * @throws {Deno.errors.TimedOut} If no whole frame arrives in time.
   */
  readFrame(): Promise<Frame | null> {
    return this.#channel.readMessage(() => {
      this.#checkFrameSize();
      return this.nextBufferedFrame();
    });
  }

  /**
   * Returns the next frame if it is already buffered, else `undefined`. It is
   * valid as long as one of {@linkcode readFrame}.
   */
  nextBufferedFrame(): Frame | undefined {
    const size = this.#nextFrameSize();
    const { buffer, start, end, hasEnded } = this.#channel;
    if (end - start < size || size > MAX_FRAME_BYTES) return undefined;
    // Nothing is handled that could not be answered.
    if (hasEnded) return undefined;
    this.#channel.consume(size);
    return {
      type: buffer[start]!,
      payload: buffer.subarray(start + HEADER_BYTES, start + size),
    };
  }

  /** Whether this side has closed the connection or is closing it. */
  get hasEnded(): boolean {
    return this.#channel.hasEnded;
  }

  /** Whether part of the next frame is buffered. */
  get isMidFrame(): boolean {
    return this.#channel.end > this.#channel.start;
  }

  /**
   * Watches a peer that waits for a reply without a time limit. What it sends
   * is kept for {@linkcode readFrame} while there is room. Returns true if the
   * peer is still connected when `done` resolves.
   */
  watch(done: Promise<unknown>): Promise<boolean> {
    return this.#channel.watch(done);
  }

  /**
   * Writes whole frames.
   *
   * @throws {Deno.errors.TimedOut} If the peer does not read them in time.
   */
  write(frames: Uint8Array): Promise<void> {
    return this.#channel.write(frames);
  }

  /**
   * Ends the conversation after some last frames, so that the peer can still
   * read them. Waits only briefly.
   */
  hangUp(lastFrames: Uint8Array): Promise<void> {
    return this.#channel.hangUp(lastFrames);
  }

  /** Closes immediately. Pending calls end. Closing again does nothing. */
  close(): void {
    this.#channel.close();
  }

  /** Closes, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Size of the next frame, or of a header if that is not complete yet. */
  #nextFrameSize(): number {
    const { buffer, start, end } = this.#channel;
    if (end - start < HEADER_BYTES) return HEADER_BYTES;
    if (this.#view.buffer !== buffer.buffer) this.#view = viewOf(buffer);
    return frameSize(this.#view, start);
  }

  /** Checks the size from the header, before the payload arrives. */
  #checkFrameSize(): void {
    const size = this.#nextFrameSize();
    if (size <= MAX_FRAME_BYTES) return;
    const { buffer, start } = this.#channel;
    const problem = isTlsRecord(buffer, start)
      ? "the other side speaks TLS, this one does not"
      : `it declares ${size} bytes, at most ${MAX_FRAME_BYTES} are allowed`;
    throw new ProtocolError(
      "TOO_LARGE",
      `Cannot take frame: ${problem}`,
    );
  }
}
