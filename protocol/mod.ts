// The protocol's names for the other folders. The top-level protocol.ts exports
// a selection to other projects.

export type { Batch, Bet } from "../bet/bet.ts";
export { BatchFrame, decodeBatch, encodeBatch } from "./batch_frame.ts";
export {
  encodeFrame,
  type ErrorMeaning,
  type ErrorName,
  ERRORS,
  type Frame,
  frameSize,
  HEADER_BYTES,
  malformed,
  MAX_FRAME_BYTES,
  MAX_PAYLOAD_BYTES,
  meaningOf,
  MessageType,
  type PeerErrorName,
  ProtocolError,
} from "./frame.ts";
export {
  decodeError,
  decodeOk,
  decodeWinners,
  encodeError,
  encodeOk,
  encodeWinners,
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
