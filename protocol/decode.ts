/**
 * Decodes the payload of each message, and the bets of a batch. A payload that
 * is not valid throws a `ProtocolError`.
 *
 * @module
 */

export { unpackBets as bets } from "../bet/bet.ts";
export { decodeBatch as batch } from "./batch_frame.ts";
export { frameSize } from "./frame.ts";
export {
  decodeError as error,
  decodeOk as ok,
  decodeWinners as winners,
} from "./replies.ts";
export {
  decodeAgency as winnersQuery,
  decodeAuth as auth,
  decodeFinish as finish,
} from "./requests.ts";
