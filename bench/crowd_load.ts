/**
 * Many agencies in one process, each waiting for the reply to a batch before it
 * sends the next. They begin together, once all are connected. Prints what was
 * measured as JSON.
 *
 * `crowd_load.ts PORT AGENCIES BATCHES`
 *
 * @module
 */

import { type Bet, packBets } from "../bet/bet.ts";
import { writeLine } from "../program/logging.ts";
import { HEADER_BYTES, MessageType } from "../protocol.ts";
import { encodeBatch } from "../protocol.ts";
import { madeAgency } from "../tools/made_bets.ts";

/** Bets in a batch. */
export const BATCH_BETS = 150;

/** What is printed. */
export interface CrowdLoad {
  /** Until all are connected. */
  connectSeconds: number;
  /** From the common start until all have had one reply. */
  firstReplySeconds: number;
  /** From the common start until all have had the last one. */
  seconds: number;
  /** Fewest batches served when half of all are, over the mean. */
  leastServed: number;
}

const FINGERPRINT = "c0ffee0000000000";
const CONNECTED_AT_ONCE = 100;
/**
 * The runtime prefers new writes to waiting ones. More at once would starve some
 * agencies here, whatever the central does.
 */
const WRITES_AT_ONCE = 16;

/** Counts how often each agency was served. */
class Tally {
  readonly #startedAt = performance.now();
  readonly #served: Uint32Array;
  readonly #half: number;
  #total = 0;
  #begun = 0;
  #firstReplySeconds = NaN;
  #leastServed = NaN;

  constructor(agencies: number, batches: number) {
    this.#served = new Uint32Array(agencies);
    this.#half = (agencies * batches) >> 1;
  }

  /** Counts one reply to the agency at this position. */
  add(index: number): void {
    const agencies = this.#served.length;
    const isFirst = this.#served[index]!++ === 0;
    if (isFirst && ++this.#begun === agencies) {
      this.#firstReplySeconds = secondsSince(this.#startedAt);
    }
    if (++this.#total === this.#half) {
      this.#leastServed = Math.min(...this.#served) * agencies / this.#half;
    }
  }

  result(): Omit<CrowdLoad, "connectSeconds"> {
    return {
      firstReplySeconds: this.#firstReplySeconds,
      seconds: secondsSince(this.#startedAt),
      leastServed: this.#leastServed,
    };
  }
}

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}

/**
 * Makes the bets of so many batches: lines without ends, no field quoted. They
 * are the same for all agencies, so that they need not be kept for each.
 */
export function crowdRows(batches: number): string[] {
  const decoder = new TextDecoder();
  // Each chunk has whole rows.
  return [...madeAgency(1, batches * BATCH_BETS)].flatMap((chunk) =>
    decoder.decode(chunk).split("\r\n").slice(0, -1)
  );
}

/** The frames that all agencies send; each fills in its id. */
function templates(batches: number): Uint8Array[] {
  const rows = crowdRows(batches).map((row) => {
    const [firstName, lastName, document, birthdate, number] = row.split(",");
    return { firstName, lastName, document, birthdate, number } as Bet;
  });
  return Array.from({ length: batches }, (_, i) => {
    const betIndex = i * BATCH_BETS;
    const bets = packBets(rows.slice(betIndex, betIndex + BATCH_BETS));
    return encodeBatch({ agency: 1, fingerprint: FINGERPRINT, betIndex, bets });
  });
}

async function connectAll(
  port: number,
  agencies: number,
): Promise<Deno.TcpConn[]> {
  const streams: Deno.TcpConn[] = [];
  while (streams.length < agencies) {
    const length = Math.min(CONNECTED_AT_ONCE, agencies - streams.length);
    const connect = () => Deno.connect({ hostname: "127.0.0.1", port });
    streams.push(...await Promise.all(Array.from({ length }, connect)));
  }
  for (const stream of streams) stream.setNoDelay(true);
  return streams;
}

/** The agencies, which send in the order in which they were served. */
class Crowd {
  readonly #streams: readonly Deno.TcpConn[];
  readonly #frames: readonly Uint8Array[];
  readonly #tally: Tally;
  /** Positions of those that may send, and the next frame of each. */
  readonly #ready: number[];
  readonly #next: Uint32Array;
  #left: number;
  #wake = (): void => {};

  constructor(
    streams: readonly Deno.TcpConn[],
    frames: readonly Uint8Array[],
    tally: Tally,
  ) {
    this.#streams = streams;
    this.#frames = frames;
    this.#tally = tally;
    this.#ready = [...streams.keys()];
    this.#next = new Uint32Array(streams.length);
    this.#left = streams.length * frames.length;
  }

  async run(): Promise<void> {
    const replies: Promise<void>[] = [];
    while (this.#left > 0) {
      const senders = this.#ready.splice(0, WRITES_AT_ONCE);
      await Promise.all(senders.map((index) => this.#send(index)));
      for (const index of senders) replies.push(this.#takeReply(index));
      if (this.#ready.length === 0 && this.#left > 0) {
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    }
    await Promise.all(replies);
    for (const stream of this.#streams) stream.close();
  }

  async #send(index: number): Promise<void> {
    const frame = this.#frames[this.#next[index]!++]!.slice();
    new DataView(frame.buffer).setUint32(HEADER_BYTES, index + 1); // big-endian
    for (let at = 0; at < frame.length;) {
      at += await this.#streams[index]!.write(frame.subarray(at));
    }
    this.#left--;
  }

  async #takeReply(index: number): Promise<void> {
    await readOk(this.#streams[index]!, index + 1);
    this.#tally.add(index);
    if (this.#next[index]! < this.#frames.length) this.#ready.push(index);
    this.#wake();
  }
}

async function readOk(stream: Deno.TcpConn, agency: number): Promise<void> {
  const reply = new Uint8Array(HEADER_BYTES);
  for (let at = 0; at < reply.length;) {
    const read = await stream.read(reply.subarray(at));
    if (read === null) throw new Error(`Agency ${agency} was hung up on`);
    at += read;
  }
  if (reply[0] === MessageType.OK) return;
  throw new Error(`Agency ${agency} got a reply of type ${reply[0]}, not OK`);
}

if (import.meta.main) {
  const [port = 0, agencies = 0, batches = 0] = Deno.args.map(Number);
  const frames = templates(batches);
  const startedAt = performance.now();
  const streams = await connectAll(port, agencies);
  const connectSeconds = secondsSince(startedAt);
  const tally = new Tally(agencies, batches);
  await new Crowd(streams, frames, tally).run();
  const load: CrowdLoad = { connectSeconds, ...tally.result() };
  writeLine(Deno.stdout, JSON.stringify(load));
}
