/**
 * The replies of the central.
 *
 * @module
 */

import { encodeError, ErrorCode, NO_INDEX, OK_FRAME } from "../protocol.ts";

/** The reply to one request. */
export interface Reply {
  /** Zero or more whole frames. */
  frame: Uint8Array;
  /** Whether the connection is closed after it. */
  closes: boolean;
}

/** Every bet of the batch is stored. */
export const OK: Reply = { frame: OK_FRAME, closes: false };

const REFUSAL_CLOSES: ReadonlySet<number> = new Set([
  ErrorCode.MALFORMED,
  ErrorCode.TOO_LARGE,
  ErrorCode.UNKNOWN_TYPE,
  ErrorCode.STORAGE,
  ErrorCode.SHUTTING_DOWN,
  ErrorCode.BUSY,
]);

/** The central is stopping. */
export const SHUTTING_DOWN: Reply = refusal(
  ErrorCode.SHUTTING_DOWN,
  "Cannot take more: the central is shutting down",
);

/**
 * Creates a refusal.
 *
 * @param code The error code.
 * @param reason An explanation for people.
 * @param index Index in the batch of the first bet at fault, if there is one.
 * @returns The reply.
 */
export function refusal(
  code: number,
  reason: string,
  index: number = NO_INDEX,
): Reply {
  return {
    frame: encodeError({ code, index, reason }),
    closes: REFUSAL_CLOSES.has(code),
  };
}

/**
 * Joins frames, so that one write sends them.
 *
 * @param frames The frames.
 * @returns Their bytes, one after the other.
 */
export function joinFrames(frames: readonly Uint8Array[]): Uint8Array {
  if (frames.length === 1) return frames[0]!;
  const size = frames.reduce((sum, frame) => sum + frame.length, 0);
  const joined = new Uint8Array(size);
  let at = 0;
  for (const frame of frames) {
    joined.set(frame, at);
    at += frame.length;
  }
  return joined;
}
