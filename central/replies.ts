// The replies to requests, and the mapping from errors to refusals.

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

export function unknownAgency(agency: number, agencies: number): ProtocolError {
  const reason = agencies === 0
    ? "there is no draw (draw.agencies is 0)"
    : `only agencies 1 to ${agencies} take part in the draw`;
  return new ProtocolError(
    "UNKNOWN_AGENCY",
    `Cannot serve agency ${agency}: ${reason}`,
  );
}

/** Names an error of the peer or the disk. Throws any other: it is a bug. */
export function errorNameOf(error: unknown): ErrorName {
  if (error instanceof ProtocolError) return error.error;
  if (error instanceof StorageError) return "STORAGE";
  if (error instanceof BettingClosedError) return "BETTING_CLOSED";
  if (error instanceof IncompleteError) return "INCOMPLETE";
  throw error;
}
