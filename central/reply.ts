/**
 * What the central sends back.
 *
 * @module
 */

import { encodeError, ErrorCode, NO_INDEX, OK_FRAME } from "../protocol.ts";

/** What is sent back for one frame. */
export interface Reply {
  /** The bytes of one frame or more, or of none. */
  frame: Uint8Array;
  /** Whether the conversation ends with it. */
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

/** Nothing more is taken on any connection. */
export const SHUTTING_DOWN: Reply = refusal(
  ErrorCode.SHUTTING_DOWN,
  "Cannot take more: the central is shutting down",
);

/**
 * Makes the answer that refuses.
 *
 * @param code Why.
 * @param reason Why, for people.
 * @param index First bet at fault in the batch, if one is.
 * @returns The answer.
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
 * Joins frames for one write.
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
