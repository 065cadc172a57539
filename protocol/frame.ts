// What all messages share: their types, the error codes with what each of them
// means for both sides (docs/protocol.md, "ERROR"), and the frame around them:
// `type u8`, `length u32` of the payload, then the payload. All integers are
// unsigned and big-endian.

import { viewOf } from "../bytes/swar.ts";

/** The type byte of each message. */
export const MessageType = {
  /** From the agency: a batch of bets. */
  BET: 1,
  /** From the central: the request is done, and durable. */
  OK: 2,
  /** From the central: a refusal with code, index and reason. */
  ERROR: 3,
  /** From the agency: it has no more bets. */
  FINISH: 4,
  /** From the agency: a request for its winners. */
  WINNERS_QUERY: 5,
  /** From the central: a part of the agency's winners. */
  WINNERS: 6,
  /** From the agency: its id and token, before anything else. */
  AUTH: 7,
} as const;

/** What an error code means. */
export interface ErrorMeaning {
  /** Its byte in an ERROR. */
  readonly code: number;
  /** Whether the central closes the connection after the ERROR. */
  readonly closes: boolean;
  /** Whether the same request may succeed later, on a new connection. */
  readonly retry: boolean;
}

/**
 * All error codes. The table in docs/protocol.md is checked against this one.
 */
export const ERRORS = {
  INVALID_BET: { code: 1, closes: false, retry: false },
  MALFORMED: { code: 2, closes: true, retry: false },
  TOO_LARGE: { code: 3, closes: true, retry: false },
  UNKNOWN_TYPE: { code: 4, closes: true, retry: false },
  STORAGE: { code: 5, closes: true, retry: true },
  SHUTTING_DOWN: { code: 6, closes: true, retry: true },
  BETTING_CLOSED: { code: 7, closes: false, retry: false },
  UNKNOWN_AGENCY: { code: 8, closes: false, retry: false },
  BUSY: { code: 9, closes: true, retry: true },
  UNAUTHORIZED: { code: 10, closes: true, retry: false },
  INCOMPLETE: { code: 11, closes: true, retry: false },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;

/** The name of an error code, such as `INVALID_BET`. */
export type ErrorName = keyof typeof ERRORS;

/** An error name from a peer whose protocol may have more codes. */
export type PeerErrorName = ErrorName | `ERROR_${number}`;

const ERROR_NAMES = Object.keys(ERRORS) as ErrorName[];

export function errorNameOf(code: number): PeerErrorName {
  return ERROR_NAMES.find((name) => ERRORS[name].code === code) ??
    `ERROR_${code}`;
}

/**
 * Returns what an error means. An unknown code closes the connection and is not
 * retried.
 */
export function meaningOf(name: PeerErrorName): Omit<ErrorMeaning, "code"> {
  return name in ERRORS
    ? ERRORS[name as ErrorName]
    : { closes: true, retry: false };
}

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
