// Follows what an agency sends and receives on one connection, by
// docs/protocol.md alone, to know the guarantees independently of the agency.

import type { Attempts } from "./attempts.ts";
import { decodeWinners, WINNERS } from "../support/draw_wire.ts";
import { Code, concat, HEADER_BYTES, Type } from "../support/frames.ts";
import type { Ledger } from "./ledger.ts";

/** A batch, as it was sent. */
export interface SentBatch {
  agency: number;
  /** 16 hex digits. */
  fingerprint: string;
  /** Bet indexes of its bets, without its gaps. */
  indexes: readonly number[];
}

/** Refusals that say nothing about the bets. */
const SAYS_NOTHING: readonly number[] = [
  Code.STORAGE,
  Code.SHUTTING_DOWN,
  Code.BUSY,
];

/** Called with what a run's connections show. */
export interface Following {
  /** Counts the run's connections. */
  attempts: Attempts;
  /** Called when the agency reads an OK for bets. */
  onStored(): void;
}

interface Request {
  type: number;
  payload: Uint8Array;
}

/** Follows one connection. */
export class WireTap {
  readonly #ledger: Ledger;
  readonly #who: string;
  readonly #following: Following | undefined;
  readonly #sent = new FrameSplitter();
  readonly #read = new FrameSplitter();
  /** Requests without a reply, in order. */
  readonly #requests: Request[] = [];
  #winners: string[] = [];

  constructor(ledger: Ledger, who: string, following?: Following) {
    this.#following = following;
    this.#ledger = ledger;
    this.#who = who;
  }

  /** Notes what the agency has sent. */
  onSent(bytes: Uint8Array): void {
    for (const frame of this.#sent.split(bytes)) {
      if (frame.type === Type.FINISH) {
        const isEarly = this.#requests.length > 0;
        this.#ledger.onFinishSent(agencyOf(frame), isEarly, this.#who);
      }
      if (frame.type === Type.WINNERS_QUERY) this.#following?.attempts.wait();
      this.#requests.push(frame);
    }
  }

  /** Notes what the agency has read. */
  onRead(bytes: Uint8Array): void {
    for (const reply of this.#read.split(bytes)) this.#onReply(reply);
  }

  #onReply(reply: Request): void {
    const request = this.#requests[0];
    if (!request) return;
    if (reply.type === WINNERS) {
      const { isLast, documents } = decodeWinners(reply.payload.slice());
      this.#winners.push(...documents);
      if (!isLast) return;
      this.#ledger.onWinners(agencyOf(request), this.#winners, this.#who);
      this.#winners = [];
      this.#requests.shift();
      return;
    }
    if (reply.type === Type.OK) {
      const isFinish = request.type === Type.FINISH;
      this.#following?.attempts.succeed({ isFinish });
      if (isFinish) this.#ledger.onFinishRecorded(agencyOf(request));
    } else if (reply.payload[0] !== Code.SHUTTING_DOWN) {
      this.#following?.attempts.refuseWait();
    }
    if (request.type === Type.BET) {
      const batch = batchOf(request);
      if (reply.type === Type.OK) this.#onOk(batch);
      else this.#onRefused(batch, reply.payload[0]!);
    }
    this.#requests.shift();
  }

  #onOk(batch: SentBatch): void {
    this.#ledger.onOk(batch, this.#who);
    this.#following?.onStored();
  }

  #onRefused(batch: SentBatch, code: number): void {
    if (SAYS_NOTHING.includes(code)) return;
    this.#ledger.onRefused(batch, code);
  }
}

/** Splits a stream into frames. */
class FrameSplitter {
  #rest: Uint8Array = new Uint8Array(0);

  /** Returns the frames that these bytes complete. */
  split(bytes: Uint8Array): Request[] {
    this.#rest = concat([this.#rest, bytes]);
    const frames: Request[] = [];
    while (this.#rest.length >= HEADER_BYTES) {
      const view = new DataView(this.#rest.buffer, this.#rest.byteOffset);
      const end = HEADER_BYTES + view.getUint32(1);
      if (this.#rest.length < end) break;
      frames.push({
        type: this.#rest[0]!,
        payload: this.#rest.slice(HEADER_BYTES, end),
      });
      this.#rest = this.#rest.subarray(end);
    }
    return frames;
  }
}

function agencyOf({ payload }: Request): number {
  return new DataView(payload.buffer).getUint32(0);
}

function batchOf({ payload }: Request): SentBatch {
  const view = new DataView(payload.buffer);
  return {
    agency: view.getUint32(0),
    fingerprint: payload.slice(4, 12).toHex(),
    indexes: indexesOf(payload, view.getUint32(12)),
  };
}

/** A gap, five empty fields, leaves an index out. */
function indexesOf(payload: Uint8Array, betIndex: number): number[] {
  const indexes: number[] = [];
  let index = betIndex;
  for (let at = 18; at < payload.length; index++) {
    const start = at;
    for (let field = 0; field < 5; field++) at += 1 + payload[at]!;
    if (at - start > 5) indexes.push(index);
  }
  return indexes;
}
