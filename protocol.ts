/**
 * The wire protocol: bytes to messages and back, with no I/O. docs/protocol.md
 * describes every message with a worked example. The one large message, BET, has
 * its codec in batch_frame.ts, the draw's in winners_frame.ts.
 *
 * A frame is `type u8`, `length u32` of the payload, then the payload; all
 * integers are unsigned and big-endian. One whole frame is at most
 * {@linkcode MAX_FRAME_BYTES} bytes.
 *
 * @module
 */

import { viewOf } from "./bytes/swar.ts";

/** The type byte of each message. */
export const MessageType = {
  /** Agency: a batch of bets. */
  BET: 1,
  /** Central: every bet of the batch is stored and survives a crash. */
  OK: 2,
  /** Central: refused, with code, index and reason. */
  ERROR: 3,
  /** Agency: no more bets. */
  FINISH: 4,
  /** Agency: asks for its winners. */
  WINNERS_QUERY: 5,
  /** Central: a part of the agency's winners. */
  WINNERS: 6,
} as const;

/** Why the central refused; what follows from each is in docs/protocol.md. */
export const ErrorCode = {
  /** A bet breaks a rule: nothing of the batch is stored. */
  INVALID_BET: 1,
  /** The payload does not parse; the central closes. */
  MALFORMED: 2,
  /** The declared length is over the limit; the central closes. */
  TOO_LARGE: 3,
  /** Not a type that an agency sends; the central closes. */
  UNKNOWN_TYPE: 4,
  /** Not stored for want of disk; the central closes, send again later. */
  STORAGE: 5,
  /** Not stored, the central is stopping; it closes, send again later. */
  SHUTTING_DOWN: 6,
  /** The draw has been held. */
  BETTING_CLOSED: 7,
  /** The agency is not among those of the draw. */
  UNKNOWN_AGENCY: 8,
  /** Too many connections; the central closes, try again later. */
  BUSY: 9,
} as const;

/** One of the codes of {@linkcode ErrorCode}. */
export type ErrorCode = typeof ErrorCode[keyof typeof ErrorCode];

/** What the central says of a refusal. */
export interface Refusal {
  /** Which kind. A peer may send a code that this version does not know. */
  code: number;
  /** First bet at fault in the batch, from 0, or {@linkcode NO_INDEX}. */
  index: number;
  /** For people. */
  reason: string;
}

/** One message as it was framed. */
export interface Frame {
  /** The type byte, known or not. */
  type: number;
  /** The payload: a view, valid until the connection is read again. */
  payload: Uint8Array;
}

/** Bytes before the payload. */
export const HEADER_BYTES = 5;
/** Most bytes of a whole frame. */
export const MAX_FRAME_BYTES = 8192;
/** Most bytes of a payload. */
export const MAX_PAYLOAD_BYTES = MAX_FRAME_BYTES - HEADER_BYTES;
/** The index of a refusal that no single bet is to blame for. */
export const NO_INDEX = 65535;
/** The frame that says OK. */
export const OK_FRAME: Uint8Array = encodeFrame(
  MessageType.OK,
  new Uint8Array(0),
);

const ERROR_HEADER_BYTES = 3;

/** The peer broke the protocol, so the connection cannot go on. */
export class ProtocolError extends Error {
  /** The code that answers it. */
  readonly code: ErrorCode;

  /**
   * Creates the error.
   *
   * @param code The code that answers the fault.
   * @param message What was wrong and what was expected.
   */
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = "ProtocolError";
    this.code = code;
  }
}

/**
 * The name of an error code, for logs.
 *
 * @param code A code, known or not.
 * @returns Its name, such as `INVALID_BET`, or `ERROR_<code>`.
 */
export function errorCodeName(code: number): string {
  for (const [name, value] of Object.entries(ErrorCode)) {
    if (value === code) return name;
  }
  return `ERROR_${code}`;
}

/**
 * Reads a frame's size from its header alone.
 *
 * @param view At least {@linkcode HEADER_BYTES} bytes from `at`.
 * @param at Position of the type byte.
 * @returns Bytes of the whole frame, header included; more than
 * {@linkcode MAX_FRAME_BYTES} if the peer breaks the protocol.
 */
export function frameSize(view: DataView, at: number): number {
  return HEADER_BYTES + view.getUint32(at + 1); // big-endian
}

/**
 * Frames a payload.
 *
 * @param type The type byte.
 * @param payload At most {@linkcode MAX_PAYLOAD_BYTES} bytes.
 * @returns The whole frame.
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

/**
 * Encodes the end of an agency's bets.
 *
 * @param agency The agency's id.
 * @returns The whole frame.
 */
export function encodeFinish(agency: number): Uint8Array {
  return encodeFrame(MessageType.FINISH, encodeAgency(agency));
}

/**
 * Decodes the payload of a FINISH or a WINNERS_QUERY.
 *
 * @param payload The payload.
 * @returns The agency's id.
 * @throws {ProtocolError} `MALFORMED` if it is not 4 bytes, or the agency is 0.
 */
export function decodeAgency(payload: Uint8Array): number {
  if (payload.length !== 4) {
    throw malformed(`an agency is 4 bytes, not ${payload.length}`);
  }
  const agency = viewOf(payload).getUint32(0); // big-endian
  if (agency === 0) throw malformed("the agency is 0, not 1 or more");
  return agency;
}

/**
 * Encodes a refusal; a reason too long for a frame is cut at a character.
 *
 * @param refusal What is refused and why.
 * @returns The whole frame.
 */
export function encodeError(refusal: Refusal): Uint8Array {
  const payload = new Uint8Array(MAX_PAYLOAD_BYTES);
  const view = viewOf(payload);
  view.setUint8(0, refusal.code);
  view.setUint16(1, refusal.index); // big-endian
  const { written } = new TextEncoder().encodeInto(
    refusal.reason,
    payload.subarray(ERROR_HEADER_BYTES),
  );
  return encodeFrame(
    MessageType.ERROR,
    payload.subarray(0, ERROR_HEADER_BYTES + written),
  );
}

/**
 * Decodes the payload of an ERROR.
 *
 * @param payload The payload.
 * @returns The refusal; bytes of the reason that are not UTF-8 become U+FFFD.
 * @throws {ProtocolError} `MALFORMED` if it is shorter than code and index.
 */
export function decodeError(payload: Uint8Array): Refusal {
  if (payload.length < ERROR_HEADER_BYTES) {
    throw malformed(
      `an ERROR of ${payload.length} bytes is shorter than its ${ERROR_HEADER_BYTES} of header`,
    );
  }
  const view = viewOf(payload);
  return {
    code: view.getUint8(0),
    index: view.getUint16(1), // big-endian
    reason: new TextDecoder().decode(payload.subarray(ERROR_HEADER_BYTES)),
  };
}

/**
 * Encodes the payload of a FINISH or a WINNERS_QUERY.
 *
 * @param agency The agency's id.
 * @returns The payload.
 */
export function encodeAgency(agency: number): Uint8Array {
  const payload = new Uint8Array(4);
  viewOf(payload).setUint32(0, agency); // big-endian
  return payload;
}

/**
 * Makes the error of a payload that does not parse.
 *
 * @param what What was found, and what was expected.
 * @returns The error, of code `MALFORMED`.
 */
export function malformed(what: string): ProtocolError {
  return new ProtocolError(
    ErrorCode.MALFORMED,
    `Cannot decode payload: ${what}`,
  );
}
