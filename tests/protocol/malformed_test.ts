import { assertEquals, assertThrows } from "@std/assert";
import { packBets } from "../../bet/bet.ts";
import { viewOf } from "../../bytes/swar.ts";
import {
  decodeAgency,
  decodeAuth,
  decodeBatch,
  decodeError,
  decodeFinish,
  decodeOk,
  decodeWinners,
  encodeBatch,
  encodeFinish,
  encodeWinners,
  HEADER_BYTES,
  ProtocolError,
} from "../../protocol/mod.ts";
import { batchOf, FINGERPRINT, GAP, numberedBet } from "../support/batches.ts";
import { concat } from "../support/frames.ts";

/** A payload, and why it is refused. */
type Malformed = [payload: Uint8Array, reason: string];

/** Offset of the count in a BET, and of its first bet. */
const COUNT_AT = 16;
const BETS_AT = 18;

function payloadOf(frame: Uint8Array): Uint8Array {
  return frame.subarray(HEADER_BYTES);
}

function zeros(size: number): Uint8Array {
  return new Uint8Array(size);
}

/** A payload cut at any byte. */
function cutsOf(
  payload: Uint8Array,
  reasonOf: (size: number) => string,
): Malformed[] {
  return Array.from(payload, (_, size): Malformed => [
    payload.subarray(0, size),
    reasonOf(size),
  ]);
}

const [WINNERS] = encodeWinners(["00123456", "1", "12345678901234567890"]);
const BET = numberedBet(1);
const SIZE = packBets([BET]).length;
const BETS = payloadOf(encodeBatch(batchOf([BET, BET, BET], 7)));
const LAST_INDEX = batchOf([BET, BET], 2 ** 32 - 1);
const NO_RECORDS = { fingerprint: FINGERPRINT, records: 0 };

function withCount(count: number): Uint8Array {
  const copy = BETS.slice();
  viewOf(copy).setUint16(COUNT_AT, count);
  return copy;
}

const MALFORMED = new Map<(payload: Uint8Array) => unknown, Malformed[]>([
  [decodeOk, [1, 3].map((size) => [zeros(size), `not ${size}`])],
  [decodeAgency, [
    ...[0, 1, 2, 3, 5, 8, 9].map((size): Malformed => [
      zeros(size),
      `an agency is 4 bytes, not ${size}`,
    ]),
    [zeros(4), "the agency is 0, not 1 or more"],
  ]],
  [decodeFinish, [
    ...[0, 3, 5, 15, 17].map((size): Malformed => [zeros(size), `not ${size}`]),
    ...[4, 16].map((size): Malformed => [zeros(size), "agency is 0"]),
    [
      payloadOf(encodeFinish({ agency: 7, delivery: NO_RECORDS })),
      "expects 0 bets",
    ],
  ]],
  [decodeAuth, [
    ...[0, 3, 4, 260].map((size): Malformed => [
      zeros(size).fill(1),
      "an AUTH is an agency and",
    ]),
    [zeros(5), "the agency is 0"],
  ]],
  [decodeError, cutsOf(zeros(3), (size) => `an ERROR of ${size} bytes`)],
  [decodeWinners, [
    ...cutsOf(
      payloadOf(WINNERS!),
      (size) => size < 3 ? "shorter than" : "past the end",
    ),
    [Uint8Array.of(1, 0, 0, 1, 0x37), "2 bytes are left after document 0"],
    [Uint8Array.of(0, 0, 2, 1, 0x37), "document 1 of 2 runs past the end"],
    [Uint8Array.of(0, 255, 255), "document 0 of 65535 runs past the end"],
  ]],
  [decodeBatch, [
    ...cutsOf(
      BETS,
      (size) =>
        size < BETS_AT
          ? `a BET of ${size} bytes is shorter than its 18 of header`
          : "runs past the end",
    ),
    ...[1, 5, 30].map((extra): Malformed => [
      concat([BETS, zeros(extra)]),
      `${extra} bytes are left after bet 3`,
    ]),
    [BETS.slice().fill(0, 0, 4), "the agency is 0"],
    [payloadOf(encodeBatch(LAST_INDEX)), "its last bet index is over"],
    [payloadOf(encodeBatch(batchOf([GAP, GAP]))), "all 2 places are gaps"],
    [withCount(0), "the count is 0"],
    [withCount(0).subarray(0, BETS_AT), "the count is 0"],
    [withCount(1), `${2 * SIZE} bytes are left`],
    [withCount(2), `${SIZE} bytes are left`],
    [withCount(4), "bet 3 of 4 runs past the end"],
    [withCount(65535), "bet 3 of 65535 runs past"],
    ...fieldsOf(BETS).flatMap((at) =>
      [-1, 1].map((lie): Malformed => [BETS.with(at, BETS[at]! + lie), ""])
    ),
  ]],
]);

/** Where the length of each field of the last bet is. */
function fieldsOf(payload: Uint8Array): number[] {
  const fields: number[] = [];
  for (let at = payload.length - SIZE; at < payload.length;) {
    fields.push(at);
    at += 1 + payload[at]!;
  }
  return fields;
}

for (const [decode, cases] of MALFORMED) {
  Deno.test(`${decode.name}() refuses what no message of its kind is`, () => {
    for (const [payload, reason] of cases) {
      const refuse = () => decode(payload);
      const error = assertThrows(
        refuse,
        ProtocolError,
        reason,
        payload.toHex(),
      );
      assertEquals(error.error, "MALFORMED");
    }
  });
}
