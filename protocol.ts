/**
 * The wire protocol: encodes and decodes messages, without I/O.
 * docs/protocol.md describes every message with an example. BET has its codec
 * in protocol/batch_frame.ts, the messages of the draw in
 * protocol/winners_frame.ts.
 *
 * A frame is `type u8`, `length u32` of the payload, then the payload. All
 * integers are unsigned and big-endian. A whole frame has at most {@linkcode
 * MAX_FRAME_BYTES} bytes.
 *
 * @module
 */

import { viewOf } from "./bytes/swar.ts";

/** The type byte of each message. */
export const MessageType = {
  /** From the agency: a batch of bets. */
  BET: 1,
  /**
   * From the central: every bet of the batch is stored and survives a crash.
   */
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

/**
 * Why the central refuses. docs/protocol.md says what follows from each code.
 */
export const ErrorCode = {
  /** A bet breaks a rule. Nothing of the batch is stored. */
  INVALID_BET: 1,
  /** The payload cannot be parsed. The central closes the connection. */
  MALFORMED: 2,
  /**
   * The declared length is over the limit. The central closes the connection.
   */
  TOO_LARGE: 3,
  /** No agency sends this type. The central closes the connection. */
  UNKNOWN_TYPE: 4,
  /** The disk failed. The central closes the connection; retry later. */
  STORAGE: 5,
  /** The central is stopping and closes the connection; retry later. */
  SHUTTING_DOWN: 6,
  /** The draw has been held, so no new bet is accepted. */
  BETTING_CLOSED: 7,
  /** The agency does not take part in the draw. */
  UNKNOWN_AGENCY: 8,
  /** Too many connections. The central closes this one; retry later. */
  BUSY: 9,
  /** The agency's token is missing or wrong. The central closes the connection. */
  UNAUTHORIZED: 10,
} as const;

/** One of the codes of {@linkcode ErrorCode}. */
export type ErrorCode = typeof ErrorCode[keyof typeof ErrorCode];

/** The content of an ERROR. */
export interface Refusal {
  /** The code. A peer may send one that this version does not know. */
  code: number;
  /** Index in the batch of the first bet at fault, or {@linkcode NO_INDEX}. */
  index: number;
  /** An explanation for people. */
  reason: string;
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
/** The index of a refusal that no single bet caused. */
export const NO_INDEX = 65535;
/** An encoded OK. */
export const OK_FRAME: Uint8Array = encodeFrame(
  MessageType.OK,
  new Uint8Array(0),
);

const ERROR_HEADER_BYTES = 3;

/** The peer broke the protocol, so the connection cannot continue. */
export class ProtocolError extends Error {
  /** The code of the ERROR to answer with. */
  readonly code: ErrorCode;

  /**
   * Creates the error.
   *
   * @param code The code of the ERROR to answer with.
   * @param message What was wrong and what was expected.
   */
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = "ProtocolError";
    this.code = code;
  }
}

/**
 * Names an error code for logs.
 *
 * @param code Any code, known or unknown.
 * @returns The name, such as `INVALID_BET`, or `ERROR_<code>`.
 */
export function errorCodeName(code: number): string {
  for (const [name, value] of Object.entries(ErrorCode)) {
    if (value === code) return name;
  }
  return `ERROR_${code}`;
}

/**
 * Returns the size of a frame, from its header alone.
 *
 * @param view Has at least {@linkcode HEADER_BYTES} bytes from `at` on.
 * @param at Offset of the type byte.
 * @returns Size in bytes of the whole frame. It is over {@linkcode
 * MAX_FRAME_BYTES} if the peer breaks the protocol.
 */
export function frameSize(view: DataView, at: number): number {
  return HEADER_BYTES + view.getUint32(at + 1); // big-endian
}

/**
 * Encodes a frame.
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
 * Encodes a FINISH.
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
 * @returns The agency's id, 1 or more.
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

/** The content of an AUTH. */
export interface Authentication {
  /** The agency's id, 1 or more. */
  agency: number;
  /** The token: 1 to 255 bytes of UTF-8. */
  token: Uint8Array;
}

/** Largest size of a token. */
export const MAX_TOKEN_BYTES = 255;

/**
 * Encodes an AUTH.
 *
 * @param authentication The agency and its token.
 * @returns The whole frame.
 */
export function encodeAuth({ agency, token }: Authentication): Uint8Array {
  const payload = new Uint8Array(4 + token.length);
  payload.set(encodeAgency(agency));
  payload.set(token, 4);
  return encodeFrame(MessageType.AUTH, payload);
}

/**
 * Decodes the payload of an AUTH.
 *
 * @param payload The payload.
 * @returns The content. Its token is a view into the payload.
 * @throws {ProtocolError} `MALFORMED` if the agency is 0 or the token has not 1
 * to 255 bytes.
 */
export function decodeAuth(payload: Uint8Array): Authentication {
  const token = payload.subarray(4);
  if (token.length < 1 || token.length > MAX_TOKEN_BYTES) {
    throw malformed(
      `an AUTH is an agency and 1 to ${MAX_TOKEN_BYTES} bytes of token, not ${payload.length} bytes`,
    );
  }
  return { agency: decodeAgency(payload.subarray(0, 4)), token };
}

/**
 * Encodes an ERROR. A reason that is too long is cut between two characters.
 *
 * @param refusal The content.
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
 * @returns The content. Bytes of the reason that are not UTF-8 become U+FFFD.
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
 * Creates the error for a payload that cannot be parsed.
 *
 * @param what What was found and what was expected.
 * @returns The error, with the code `MALFORMED`.
 */
export function malformed(what: string): ProtocolError {
  return new ProtocolError(
    ErrorCode.MALFORMED,
    `Cannot decode payload: ${what}`,
  );
}
