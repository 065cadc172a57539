// Reads and writes frames over one connection, whatever their meaning.

import {
  ByteChannel,
  type ByteChannelOptions,
  type ByteStream,
} from "./byte_channel.ts";
import { viewOf } from "../bytes/swar.ts";
import {
  type Frame,
  frameSize,
  HEADER_BYTES,
  MAX_FRAME_BYTES,
  ProtocolError,
} from "../protocol/mod.ts";

export type ConnectionOptions = Omit<ByteChannelOptions, "maxBufferSize">;

const MAX_BUFFER_BYTES = 8 * MAX_FRAME_BYTES;
/** Content types of TLS records: alert and handshake. */
const TLS_TYPES: readonly number[] = [0x15, 0x16];
const TLS_MAJOR_VERSION = 3;

/**
 * Frames to and from one peer. One read and one write may be pending at a time.
 */
export class Connection extends ByteChannel {
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(stream: ByteStream, options: ConnectionOptions) {
    super(stream, { ...options, maxBufferSize: MAX_BUFFER_BYTES });
  }

  /**
   * Waits for the next frame; `null` if the peer has closed between frames or
   * this side has closed. The payload is valid until the next call of this or
   * `watch()`. Throws a `ProtocolError` if the header declares too large a
   * frame, `UnexpectedEof` if the peer closes in mid-frame, `TimedOut` if no
   * whole frame arrives in time.
   */
  readFrame(): Promise<Frame | null> {
    return this.readMessage(() => {
      // The header declares it before the payload arrives.
      const size = this.#nextFrameSize();
      if (size > MAX_FRAME_BYTES) throw this.#tooLarge(size);
      return this.nextBufferedFrame();
    });
  }

  /**
   * Returns the next frame if it is already buffered. It is valid as long as
   * one of {@linkcode readFrame}.
   */
  nextBufferedFrame(): Frame | undefined {
    const size = this.#nextFrameSize();
    const { buffer, start, end, hasEnded } = this;
    if (end - start < size || size > MAX_FRAME_BYTES) return undefined;
    // Do not handle requests that can no longer be answered.
    if (hasEnded) return undefined;
    this.consume(size);
    return {
      type: buffer[start]!,
      payload: buffer.subarray(start + HEADER_BYTES, start + size),
    };
  }

  get isMidFrame(): boolean {
    return this.end > this.start;
  }

  #nextFrameSize(): number {
    const { buffer, start, end } = this;
    if (end - start < HEADER_BYTES) return HEADER_BYTES;
    if (this.#view.buffer !== buffer.buffer) this.#view = viewOf(buffer);
    return frameSize(this.#view, start);
  }

  #tooLarge(size: number): ProtocolError {
    const problem = isTlsRecord(this.buffer, this.start)
      ? "the other side speaks TLS, this one does not; configure TLS on both or on neither"
      : `it declares ${size} bytes, at most ${MAX_FRAME_BYTES} are allowed`;
    return new ProtocolError("TOO_LARGE", `Cannot take frame: ${problem}`);
  }
}

/** True if a TLS record starts at `at`. No frame starts like this. */
export function isTlsRecord(bytes: Uint8Array, at: number): boolean {
  return TLS_TYPES.includes(bytes[at]!) && bytes[at + 1] === TLS_MAJOR_VERSION;
}
