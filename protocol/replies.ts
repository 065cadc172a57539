/**
 * The central's replies OK and ERROR.
 *
 * @module
 */

import { viewOf } from "../bytes/swar.ts";
import {
  type ErrorName,
  errorNameOf,
  ERRORS,
  MessageType,
  type PeerErrorName,
} from "./codes.ts";
import { encodeFrame, malformed, MAX_PAYLOAD_BYTES } from "./frame.ts";

/** The index of a refusal that no single bet caused. */
export const NO_INDEX = 65535;

const REPEATED_BYTES = 2;
const ERROR_HEADER_BYTES = 3;

/** An OK without payload: every bet of the batch was new. */
export const OK_FRAME: Uint8Array = encodeFrame(
  MessageType.OK,
  new Uint8Array(0),
);

/** Encodes an OK; `repeated` bets of the batch were stored before. */
export function encodeOk(repeated: number): Uint8Array {
  if (repeated === 0) return OK_FRAME;
  const payload = new Uint8Array(REPEATED_BYTES);
  viewOf(payload).setUint16(0, repeated); // big-endian
  return encodeFrame(MessageType.OK, payload);
}

/**
 * Decodes the payload of an OK: how many bets of the batch were stored before.
 *
 * @throws {ProtocolError} `MALFORMED` if it is neither empty nor 2 bytes.
 */
export function decodeOk(payload: Uint8Array): number {
  if (payload.length === 0) return 0;
  if (payload.length === REPEATED_BYTES) return viewOf(payload).getUint16(0); // big-endian
  throw malformed(
    `an OK has 0 or ${REPEATED_BYTES} bytes, not ${payload.length}`,
  );
}

/** The content of an ERROR. */
export interface Refusal<Name extends PeerErrorName = PeerErrorName> {
  /** Why the request is refused. */
  error: Name;
  /** Index in the batch of the first bet at fault, or {@linkcode NO_INDEX}. */
  index: number;
  /** A human-readable explanation. */
  reason: string;
}

/** Encodes an ERROR. A reason that is too long is cut between two characters. */
export function encodeError(
  { error, index, reason }: Refusal<ErrorName>,
): Uint8Array {
  const payload = new Uint8Array(MAX_PAYLOAD_BYTES);
  const view = viewOf(payload);
  view.setUint8(0, ERRORS[error].code);
  view.setUint16(1, index); // big-endian
  const { written } = new TextEncoder().encodeInto(
    reason,
    payload.subarray(ERROR_HEADER_BYTES),
  );
  return encodeFrame(
    MessageType.ERROR,
    payload.subarray(0, ERROR_HEADER_BYTES + written),
  );
}

/**
 * Decodes the payload of an ERROR. Bytes of the reason that are not UTF-8
 * become U+FFFD.
 *
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
    error: errorNameOf(view.getUint8(0)),
    index: view.getUint16(1), // big-endian
    reason: new TextDecoder().decode(payload.subarray(ERROR_HEADER_BYTES)),
  };
}
