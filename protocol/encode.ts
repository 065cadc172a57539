/**
 * Encodes each message as a whole frame, and bets for a batch.
 *
 * @module
 */

export { packBets as bets } from "../bet/bet.ts";
export { encodeBatch as batch } from "./batch_frame.ts";
export { encodeFrame as frame } from "./frame.ts";
export {
  encodeError as error,
  encodeOk as ok,
  encodeWinners as winners,
} from "./replies.ts";
export {
  encodeAuth as auth,
  encodeFinish as finish,
  encodeWinnersQuery as winnersQuery,
} from "./requests.ts";
