// The BET message: a batch of packed bets in one frame (docs/protocol.md,
// "BET"). A gap stands in the place of a record that is not sent.
//
// ```text
// agency u32 | fingerprint 8 bytes | bet index u32 | count u16 | packed bets
// ```

import { type Batch, GAP_BYTES, isGap, packedBetEnd } from "../bet/bet.ts";
import { viewOf, WORD_BYTES } from "../bytes/swar.ts";
import {
  HEADER_BYTES,
  malformed,
  MAX_FRAME_BYTES,
  MessageType,
} from "./frame.ts";

const AGENCY_AT = 0;
const FINGERPRINT_AT = 4;
const BET_INDEX_AT = 12;
const COUNT_AT = 16;
const BETS_AT = 18;
const MAX_INDEX = 0xffffffff;

/** Encodes batches one bet at a time, each into the same buffer. */
export class BatchFrame {
  /** One word longer than a frame, because bets are copied in whole words. */
  readonly #frame = new Uint8Array(MAX_FRAME_BYTES + WORD_BYTES);
  readonly #view = viewOf(this.#frame);
  #size = 0;
  #count = 0;

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

  /** Number of places so far: bets and gaps. */
  get count(): number {
    return this.#count;
  }

  /** The frame's buffer. The next bet is packed at {@linkcode end}. */
  get view(): DataView {
    return this.#view;
  }

  /** Number of bytes so far, where the next bet starts. */
  get end(): number {
    return this.#size;
  }

  /** True if a bet fits whose packed form has this many bytes. */
  hasRoom(packedSize: number): boolean {
    return this.#size + packedSize <= MAX_FRAME_BYTES;
  }

  /** Adds the bet that was packed at {@linkcode end}. */
  add(packedSize: number): void {
    this.#size += packedSize;
    this.#count++;
  }

  /** Leaves one bet index out. There must be room for {@linkcode GAP_BYTES}. */
  addGap(): void {
    this.#frame.fill(0, this.#size, this.#size + GAP_BYTES);
    this.add(GAP_BYTES);
  }

  /** Returns the whole frame, a view that is valid until {@linkcode begin}. */
  finish(): Uint8Array {
    this.#view.setUint32(1, this.#size - HEADER_BYTES);
    this.#view.setUint16(HEADER_BYTES + COUNT_AT, this.#count);
    return this.#frame.subarray(0, this.#size);
  }
}

/**
 * Encodes a batch as a BET, and counts its bets.
 *
 * @throws {RangeError} If the bets do not fit in one frame or one is cut off.
 */
export function encodeBatch(
  batch: Omit<Batch, "count" | "betCount">,
): Uint8Array {
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
 * Decodes the payload of a BET, into which the batch's `bets` are a view. Does
 * not check the rules of a bet.
 *
 * @throws {ProtocolError} `MALFORMED` if the payload cannot be parsed to its
 * last byte.
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
    betCount: 0,
    bets: payload.subarray(BETS_AT),
  };
  if (batch.agency === 0) throw malformed("the agency is 0, not 1 or more");
  if (batch.count === 0) throw malformed("the count is 0, not 1 or more");
  if (batch.betIndex + batch.count > MAX_INDEX + 1) {
    throw malformed(`its last bet index is over ${MAX_INDEX}`);
  }
  batch.betCount = countBets(batch);
  return batch;
}

/**
 * Checks that there are as many places as declared, nothing after them, and at
 * least one bet. Returns the number of bets.
 */
function countBets({ bets, count }: Batch): number {
  let at = 0;
  let betCount = 0;
  for (let index = 0; index < count; index++) {
    if (!isGap(bets, at)) betCount++;
    at = packedBetEnd(bets, at);
    if (at < 0) throw malformed(`bet ${index} of ${count} runs past the end`);
  }
  if (betCount === 0) throw malformed(`all ${count} places are gaps`);
  if (at < bets.length) {
    throw malformed(`${bets.length - at} bytes are left after bet ${count}`);
  }
  return betCount;
}
