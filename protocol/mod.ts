/**
 * The wire protocol: encodes and decodes messages, without I/O.
 * docs/protocol.md describes every message with an example.
 *
 * A frame is `type u8`, `length u32` of the payload, then the payload. All
 * integers are unsigned and big-endian. A whole frame has at most {@linkcode
 * MAX_FRAME_BYTES} bytes.
 *
 * @module
 */

export type { Batch, Bet } from "../bet/bet.ts";
export { BatchFrame, decodeBatch, encodeBatch } from "./batch_frame.ts";
export {
  type ErrorMeaning,
  type ErrorName,
  ERRORS,
  meaningOf,
  MessageType,
  type PeerErrorName,
} from "./codes.ts";
export {
  encodeFrame,
  type Frame,
  frameSize,
  HEADER_BYTES,
  malformed,
  MAX_FRAME_BYTES,
  MAX_PAYLOAD_BYTES,
  ProtocolError,
} from "./frame.ts";
export {
  decodeError,
  decodeOk,
  encodeError,
  encodeOk,
  NO_INDEX,
  OK_FRAME,
  type Refusal,
} from "./replies.ts";
export {
  type Authentication,
  decodeAgency,
  decodeAuth,
  decodeFinish,
  encodeAuth,
  encodeFinish,
  encodeWinnersQuery,
  type Finish,
  MAX_TOKEN_BYTES,
} from "./requests.ts";
export { decodeWinners, encodeWinners } from "./winners_frame.ts";
