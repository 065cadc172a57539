/**
 * The BET message: a batch of packed bets in one frame (docs/protocol.md, "BET").
 *
 * ```text
 * agency u32 | source 8 bytes | offset u32 | count u16 | count packed bets
 * ```
 *
 * @module
 */

import { type Batch, packedBetEnd } from "../bet/bet.ts";
import { viewOf, WORD_BYTES } from "../bytes/swar.ts";
import {
  HEADER_BYTES,
  malformed,
  MAX_FRAME_BYTES,
  MessageType,
} from "../protocol.ts";

/** Where each field of the payload begins. */
const AGENCY_AT = 0;
const FINGERPRINT_AT = 4;
const BET_INDEX_AT = 12;
const COUNT_AT = 16;
const BETS_AT = 18;

/**
 * One BET frame that is filled bet by bet and used again for the next batch.
 */
export class BatchFrame {
  /** With room for the last word of a bet that is copied by words. */
  readonly #frame = new Uint8Array(MAX_FRAME_BYTES + WORD_BYTES);
  readonly #view = viewOf(this.#frame);
  #size = 0;
  #count = 0;

  /**
   * Starts a new batch in the same bytes.
   *
   * @param batch Whose it is, and where in the agency's file it begins.
   */
  begin(batch: Pick<Batch, "agency" | "fingerprint" | "betIndex">): void {
    const { agency, fingerprint, betIndex } = batch;
    this.#frame[0] = MessageType.BET;
    this.#view.setUint32(HEADER_BYTES + AGENCY_AT, agency); // big-endian, as all below
    this.#frame.set(
      Uint8Array.fromHex(fingerprint),
      HEADER_BYTES + FINGERPRINT_AT,
    );
    this.#view.setUint32(HEADER_BYTES + BET_INDEX_AT, betIndex);
    this.#size = HEADER_BYTES + BETS_AT;
    this.#count = 0;
  }

  /** Bets in the batch so far. */
  get count(): number {
    return this.#count;
  }

  /** The frame's whole buffer: pack the next bet into it at {@linkcode end}. */
  get view(): DataView {
    return this.#view;
  }

  /** Bytes filled so far, where the next bet goes. */
  get end(): number {
    return this.#size;
  }

  /**
   * Says whether one more bet fits in the frame.
   *
   * @param packedSize The bet's bytes, packed.
   * @returns Whether there is room.
   */
  hasRoom(packedSize: number): boolean {
    return this.#size + packedSize <= MAX_FRAME_BYTES;
  }

  /**
   * Takes in the bet that was packed at {@linkcode end}.
   *
   * @param packedSize The bet's bytes, for which there was room.
   */
  add(packedSize: number): void {
    this.#size += packedSize;
    this.#count++;
  }

  /**
   * Completes the headers.
   *
   * @returns The frame: a view, valid until {@linkcode begin}.
   */
  finish(): Uint8Array {
    this.#view.setUint32(1, this.#size - HEADER_BYTES);
    this.#view.setUint16(HEADER_BYTES + COUNT_AT, this.#count);
    return this.#frame.subarray(0, this.#size);
  }
}

/**
 * Encodes a batch as a BET frame of its own.
 *
 * @param batch The batch; its count is taken from its bets.
 * @returns The whole frame.
 * @throws {RangeError} If the bets do not fit in one frame or one is cut off.
 */
export function encodeBatch(batch: Omit<Batch, "count">): Uint8Array {
  const frame = new BatchFrame();
  frame.begin(batch);
  for (let start = 0; start < batch.bets.length;) {
    const end = packedBetEnd(batch.bets, start);
    if (end < 0 || !frame.hasRoom(end - start)) {
      throw new RangeError(
        `Cannot encode batch: the bet at byte ${start} is cut off or past the frame's ${MAX_FRAME_BYTES} bytes`,
      );
    }
    for (let at = start; at < end; at++) {
      frame.view.setUint8(frame.end + at - start, batch.bets[at]!);
    }
    frame.add(end - start);
    start = end;
  }
  return frame.finish();
}

/**
 * Decodes the payload of a BET. What its fields say is not looked at.
 *
 * @param payload The payload.
 * @returns The batch, whose `bets` are a view into the payload.
 * @throws {ProtocolError} `MALFORMED` if it does not parse to its last byte.
 */
export function decodeBatch(payload: Uint8Array): Batch {
  if (payload.length < BETS_AT) {
    throw malformed(
      `a BET of ${payload.length} bytes is shorter than its ${BETS_AT} of header`,
    );
  }
  const view = viewOf(payload);
  const batch: Batch = {
    agency: view.getUint32(AGENCY_AT), // big-endian, as all below
    fingerprint: payload.subarray(FINGERPRINT_AT, BET_INDEX_AT).toHex(),
    betIndex: view.getUint32(BET_INDEX_AT),
    count: view.getUint16(COUNT_AT),
    bets: payload.subarray(BETS_AT),
  };
  if (batch.agency === 0) throw malformed("the agency is 0, not 1 or more");
  if (batch.count === 0) throw malformed("the count is 0, not 1 or more");
  checkCount(batch);
  return batch;
}

/** Walks the bets: as many as declared, and not a byte left over. */
function checkCount({ bets, count }: Batch): void {
  let at = 0;
  for (let index = 0; index < count; index++) {
    at = packedBetEnd(bets, at);
    if (at < 0) throw malformed(`bet ${index} of ${count} runs past the end`);
  }
  if (at < bets.length) {
    throw malformed(`${bets.length - at} bytes are left after bet ${count}`);
  }
}
