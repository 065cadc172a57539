// What the central sends: OK, ERROR and WINNERS.

import { packField } from "../bet/bet.ts";
import { viewOf } from "../bytes/swar.ts";
import {
  encodeFrame,
  type ErrorName,
  errorNameOf,
  ERRORS,
  malformed,
  MAX_PAYLOAD_BYTES,
  MessageType,
  type PeerErrorName,
} from "./frame.ts";

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

// A WINNERS is a part of a list (docs/protocol.md, "WINNERS"):
//
// ```text
// last u8 | count u16 | count documents, each length u8 + UTF-8
// ```

const DOCUMENTS_AT = 3;
/** A length byte and the longest possible document. */
const MAX_ENTRY_BYTES = 256;

/**
 * Encodes a list of winners' documents of any length, in one frame or more.
 *
 * @throws {RangeError} If a document is longer than 255 bytes of UTF-8.
 */
export function encodeWinners(documents: readonly string[]): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const payload = new Uint8Array(MAX_PAYLOAD_BYTES);
  let end = DOCUMENTS_AT;
  let count = 0;
  function endFrame(isLast: boolean): void {
    payload[0] = isLast ? 1 : 0;
    viewOf(payload).setUint16(1, count); // big-endian
    frames.push(encodeFrame(MessageType.WINNERS, payload.subarray(0, end)));
    end = DOCUMENTS_AT;
    count = 0;
  }
  for (const document of documents) {
    if (end + MAX_ENTRY_BYTES > MAX_PAYLOAD_BYTES) endFrame(false);
    end = packField(payload, end, document);
    count++;
  }
  endFrame(true);
  return frames;
}

/**
 * Decodes the payload of a WINNERS, a part of the list.
 *
 * @throws {ProtocolError} `MALFORMED` if the payload cannot be parsed to its
 * last byte.
 */
export function decodeWinners(
  payload: Uint8Array,
): { isLast: boolean; documents: string[] } {
  if (payload.length < DOCUMENTS_AT) {
    throw malformed(
      `a WINNERS of ${payload.length} bytes is shorter than its ${DOCUMENTS_AT} of header`,
    );
  }
  const count = viewOf(payload).getUint16(1); // big-endian
  const documents: string[] = [];
  const decoder = new TextDecoder();
  let at = DOCUMENTS_AT;
  for (let index = 0; index < count; index++) {
    const start = at + 1;
    at = start + (payload[at] ?? payload.length);
    if (at > payload.length) {
      throw malformed(`document ${index} of ${count} runs past the end`);
    }
    documents.push(decoder.decode(payload.subarray(start, at)));
  }
  if (at < payload.length) {
    throw malformed(
      `${payload.length - at} bytes are left after document ${count}`,
    );
  }
  return { isLast: payload[0] === 1, documents };
}
