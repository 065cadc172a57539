// The replies to requests, and the mapping from errors to refusals.

import { concatenate } from "../bytes/concatenate.ts";
import {
  encodeError,
  type ErrorName,
  ERRORS,
  NO_INDEX,
  OK_FRAME,
  ProtocolError,
} from "../protocol/mod.ts";
import {
  BettingClosedError,
  IncompleteError,
  StorageError,
} from "../storage/mod.ts";

export interface Reply {
  frame: Uint8Array;
  closes: boolean;
}

export const OK: Reply = { frame: OK_FRAME, closes: false };

export const SHUTTING_DOWN: Reply = refusal(
  "SHUTTING_DOWN",
  "Cannot take more: the central is shutting down",
);

/** `index` is that of the first invalid bet, if there is one. */
export function refusal(
  error: ErrorName,
  reason: string,
  index: number = NO_INDEX,
): Reply {
  return {
    frame: encodeError({ error, index, reason }),
    closes: ERRORS[error].closes,
  };
}

/** Joins frames, so that one write sends them. */
export function joinFrames(frames: readonly Uint8Array[]): Uint8Array {
  return frames.length === 1 ? frames[0]! : concatenate(frames);
}

/** Names an error of the peer or the disk. Throws any other: it is a bug. */
export function errorNameOf(error: unknown): ErrorName {
  if (error instanceof ProtocolError) return error.error;
  if (error instanceof StorageError) return "STORAGE";
  if (error instanceof BettingClosedError) return "BETTING_CLOSED";
  if (error instanceof IncompleteError) return "INCOMPLETE";
  throw error;
}
