// What an agency sends besides its bets: FINISH, WINNERS_QUERY and AUTH.

import { viewOf } from "../bytes/swar.ts";
import { encodeFrame, malformed, MessageType } from "./frame.ts";

const AGENCY_BYTES = 4;
const FINGERPRINT_BYTES = 8;
const RECORDS_BYTES = 4;
const CHECKED_FINISH_BYTES = AGENCY_BYTES + FINGERPRINT_BYTES + RECORDS_BYTES;

/** The content of a FINISH. */
export interface Finish {
  /** The agency's id, 1 or more. */
  agency: number;
  /**
   * The file that must be stored before the agency counts as finished: its
   * fingerprint, 16 hex digits, and its number of bets, 1 or more. Without it,
   * the agency finishes in any case.
   */
  delivery?: { fingerprint: string; records: number } | undefined;
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

/** Encodes a FINISH: the short form, or with a delivery the checked one. */
export function encodeFinish({ agency, delivery }: Finish): Uint8Array {
  if (!delivery) return encodeFrame(MessageType.FINISH, encodeAgency(agency));
  const payload = new Uint8Array(CHECKED_FINISH_BYTES);
  const view = viewOf(payload);
  view.setUint32(0, agency); // big-endian, as below
  payload.set(Uint8Array.fromHex(delivery.fingerprint), AGENCY_BYTES);
  view.setUint32(AGENCY_BYTES + FINGERPRINT_BYTES, delivery.records);
  return encodeFrame(MessageType.FINISH, payload);
}

/**
 * Decodes the payload of a FINISH.
 *
 * @throws {ProtocolError} `MALFORMED` if it has neither form, or if the agency
 * or the number of bets is 0.
 */
export function decodeFinish(payload: Uint8Array): Finish {
  if (payload.length === AGENCY_BYTES) return { agency: decodeAgency(payload) };
  if (payload.length !== CHECKED_FINISH_BYTES) {
    throw malformed(
      `a FINISH is ${AGENCY_BYTES} or ${CHECKED_FINISH_BYTES} bytes, not ${payload.length}`,
    );
  }
  const agency = decodeAgency(payload.subarray(0, AGENCY_BYTES));
  const recordsAt = AGENCY_BYTES + FINGERPRINT_BYTES;
  const fingerprint = payload.subarray(AGENCY_BYTES, recordsAt).toHex();
  const records = viewOf(payload).getUint32(recordsAt); // big-endian
  if (records === 0) throw malformed("a FINISH expects 0 bets, not 1 or more");
  return { agency, delivery: { fingerprint, records } };
}

/** Encodes a WINNERS_QUERY. */
export function encodeWinnersQuery(agency: number): Uint8Array {
  return encodeFrame(MessageType.WINNERS_QUERY, encodeAgency(agency));
}

/**
 * Decodes the payload of a WINNERS_QUERY: the agency's id, 1 or more.
 *
 * @throws {ProtocolError} `MALFORMED` if it is not 4 bytes, or the agency is 0.
 */
export function decodeAgency(payload: Uint8Array): number {
  if (payload.length !== AGENCY_BYTES) {
    throw malformed(
      `an agency is ${AGENCY_BYTES} bytes, not ${payload.length}`,
    );
  }
  const agency = viewOf(payload).getUint32(0); // big-endian
  if (agency === 0) throw malformed("the agency is 0, not 1 or more");
  return agency;
}

/** Encodes an AUTH. */
export function encodeAuth({ agency, token }: Authentication): Uint8Array {
  const payload = new Uint8Array(AGENCY_BYTES + token.length);
  payload.set(encodeAgency(agency));
  payload.set(token, AGENCY_BYTES);
  return encodeFrame(MessageType.AUTH, payload);
}

/**
 * Decodes the payload of an AUTH. The token is a view into it.
 *
 * @throws {ProtocolError} `MALFORMED` if the agency is 0 or the token has not 1
 * to 255 bytes.
 */
export function decodeAuth(payload: Uint8Array): Authentication {
  const token = payload.subarray(AGENCY_BYTES);
  if (token.length < 1 || token.length > MAX_TOKEN_BYTES) {
    throw malformed(
      `an AUTH is an agency and 1 to ${MAX_TOKEN_BYTES} bytes of token, not ${payload.length} bytes`,
    );
  }
  return { agency: decodeAgency(payload.subarray(0, AGENCY_BYTES)), token };
}

function encodeAgency(agency: number): Uint8Array {
  const payload = new Uint8Array(AGENCY_BYTES);
  viewOf(payload).setUint32(0, agency); // big-endian
  return payload;
}
