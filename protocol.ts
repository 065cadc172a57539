/**
 * The wire protocol: encodes and decodes messages, without I/O.
 * docs/protocol.md describes every message with an example.
 *
 * A frame is `type u8`, `length u32` of the payload, then the payload. All
 * integers are unsigned and big-endian.
 *
 * @example Encode a batch, and decode its payload
 * ```ts
 * import { type Bet, decode, encode } from "./protocol.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const bet: Bet = {
 *   firstName: "Ana",
 *   lastName: "Gil",
 *   document: "30904465",
 *   birthdate: "1999-03-17",
 *   number: "7574",
 * };
 * const frame = encode.batch({
 *   agency: 1,
 *   fingerprint: "0f1e2d3c4b5a6978",
 *   betIndex: 0,
 *   bets: encode.bets([bet]),
 * });
 * const batch = decode.batch(frame.subarray(5));
 * assertEquals(decode.bets(batch.bets), [bet]);
 * ```
 *
 * @module
 */

export * as decode from "./protocol/decode.ts";
export * as encode from "./protocol/encode.ts";
export {
  type Authentication,
  type Batch,
  type Bet,
  type ErrorName,
  ERRORS,
  type Finish,
  MessageType,
  type PeerErrorName,
  ProtocolError,
  type Refusal,
} from "./protocol/mod.ts";
