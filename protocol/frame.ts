// Frames: `type u8`, `length u32` of the payload, then the payload. All
// integers are unsigned and big-endian.

import { viewOf } from "../bytes/swar.ts";
import type { ErrorName } from "./codes.ts";

/** A received message. */
export interface Frame {
  /** The type byte, known or not. */
  type: number;
  /**
   * The payload: a view that is valid until the next read of the connection.
   */
  payload: Uint8Array;
}

/** Size of the header: type and length. */
export const HEADER_BYTES = 5;
/** Largest size of a whole frame. */
export const MAX_FRAME_BYTES = 8192;
/** Largest size of a payload. */
export const MAX_PAYLOAD_BYTES = MAX_FRAME_BYTES - HEADER_BYTES;

/** The peer broke the protocol, so the connection cannot continue. */
export class ProtocolError extends Error {
  /** The error to answer with. */
  readonly error: ErrorName;

  /** `message` says what was wrong and what was expected. */
  constructor(error: ErrorName, message: string) {
    super(message);
    this.name = "ProtocolError";
    this.error = error;
  }
}

/** The error for a payload that cannot be parsed. */
export function malformed(what: string): ProtocolError {
  return new ProtocolError("MALFORMED", `Cannot decode payload: ${what}`);
}

/**
 * Returns the size in bytes of a whole frame, from its header at `at`. Above
 * {@linkcode MAX_FRAME_BYTES} the peer breaks the protocol.
 */
export function frameSize(view: DataView, at: number): number {
  return HEADER_BYTES + view.getUint32(at + 1); // big-endian
}

/**
 * Encodes a whole frame.
 *
 * @throws {RangeError} If the payload is too long.
 */
export function encodeFrame(type: number, payload: Uint8Array): Uint8Array {
  if (payload.length > MAX_PAYLOAD_BYTES) {
    throw new RangeError(
      `Cannot encode frame: its payload of ${payload.length} bytes is over the ${MAX_PAYLOAD_BYTES} allowed`,
    );
  }
  const frame = new Uint8Array(HEADER_BYTES + payload.length);
  frame[0] = type;
  viewOf(frame).setUint32(1, payload.length); // big-endian
  frame.set(payload, HEADER_BYTES);
  return frame;
}
