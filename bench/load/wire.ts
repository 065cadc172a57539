// What the load generator sends and how it reads replies: batches as BET frames
// for a central, or as RPUSH commands for Redis.

import { type Bet, packBets } from "../../bet/bet.ts";
import { encodeBatch, HEADER_BYTES, MessageType } from "../../protocol/mod.ts";

export interface Wire {
  /** Encodes the request that stores these rows for any agency. */
  encode(rows: readonly string[], betIndex: number): Uint8Array;
  /** Fills in the agency, at most 99999, of an encoded request. */
  address(request: Uint8Array, agency: number): void;
  /** Creates a function that counts the replies that end in each chunk. */
  countReplies(): (chunk: Uint8Array) => number;
}

const FINGERPRINT = "c0ffee0000000000";
const OK_FRAME = [MessageType.OK, 0, 0, 0, 0];

const central: Wire = {
  encode(rows, betIndex) {
    const bets = packBets(rows.map((row) => {
      const [firstName, lastName, document, birthdate, number] = row.split(",");
      return { firstName, lastName, document, birthdate, number } as Bet;
    }));
    return encodeBatch({ agency: 1, fingerprint: FINGERPRINT, betIndex, bets });
  },
  address(request, agency) {
    new DataView(request.buffer, request.byteOffset)
      .setUint32(HEADER_BYTES, agency); // big-endian
  },
  countReplies() {
    let seen = 0;
    return (chunk) => {
      const before = Math.floor(seen / OK_FRAME.length);
      for (const byte of chunk) {
        if (byte === OK_FRAME[seen++ % OK_FRAME.length]) continue;
        throw new Error(`Cannot continue: a reply is not OK: ${chunk.toHex()}`);
      }
      return Math.floor(seen / OK_FRAME.length) - before;
    };
  },
};

const KEY_DIGITS = 5;
const LINE_FEED = 0x0a;
const ERROR_MARK = 0x2d; // "-"
const encoder = new TextEncoder();

/** The Redis key of an agency's rows. */
export function redisKey(agency: number): string {
  return `bets:${String(agency).padStart(KEY_DIGITS, "0")}`;
}

const redis: Wire = {
  encode(rows) {
    const words = ["RPUSH", redisKey(0), ...rows];
    const bulk = words.map((word) =>
      `$${encoder.encode(word).length}\r\n${word}\r\n`
    );
    return encoder.encode(`*${words.length}\r\n${bulk.join("")}`);
  },
  address(request, agency) {
    const keyAt = request.indexOf(":".charCodeAt(0)) + 1;
    const digits = redisKey(agency).slice(-KEY_DIGITS);
    request.set(encoder.encode(digits), keyAt);
  },
  countReplies() {
    return (chunk) => {
      let replies = 0;
      // Replies are one-line integers; only an error contains "-".
      for (const byte of chunk) {
        if (byte === LINE_FEED) replies++;
        if (byte !== ERROR_MARK) continue;
        throw new Error(
          `Cannot continue: Redis says ${new TextDecoder().decode(chunk)}`,
        );
      }
      return replies;
    };
  },
};

export const WIRES = { central, redis };
