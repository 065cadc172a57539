/**
 * Many agencies in one process, each waiting for the answer to a batch before it
 * sends the next. They begin together, once all are connected. Prints what was
 * measured as JSON.
 *
 * `crowd_load.ts PORT AGENCIES BATCHES`
 *
 * @module
 */

import { encodeBatch } from "../batch_frame.ts";
import { packBets } from "../bet.ts";
import { writeLine } from "../logging.ts";
import { HEADER_SIZE, MessageType } from "../protocol.ts";
import { BATCH_BETS, crowdRows } from "./crowd_rows.ts";

/** What is printed. */
export interface CrowdLoad {
  /** Until everyone is connected. */
  connectSeconds: number;
  /** From the common start until everyone has had one reply. */
  firstReplySeconds: number;
  /** From the common start until everyone has had the last one. */
  seconds: number;
  /** Fewest batches served when half of all are, over the mean. */
  leastServed: number;
}

const SOURCE = "c0ffee0000000000";
/** More would not fit in the queue of those that wait to be accepted. */
const CONNECTED_AT_ONCE = 100;
const OK_SIZE = HEADER_SIZE;

/** Counts who has been served how often. */
class Tally {
  readonly #startedAt = performance.now();
  readonly #served: Uint32Array;
  readonly #all: number;
  #total = 0;
  #begun = 0;
  #firstReplySeconds = NaN;
  #leastServed = NaN;

  constructor(agencies: number, batches: number) {
    this.#served = new Uint32Array(agencies);
    this.#all = agencies * batches;
  }

  /** Counts one reply to the agency at this position. */
  add(index: number): void {
    this.#total++;
    const isFirst = this.#served[index]!++ === 0;
    if (isFirst && ++this.#begun === this.#served.length) {
      this.#firstReplySeconds = this.#seconds();
    }
    if (this.#total === this.#all >> 1) {
      const mean = this.#total / this.#served.length;
      this.#leastServed = Math.min(...this.#served) / mean;
    }
  }

  result(): Omit<CrowdLoad, "connectSeconds"> {
    return {
      firstReplySeconds: this.#firstReplySeconds,
      seconds: this.#seconds(),
      leastServed: this.#leastServed,
    };
  }

  #seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }
}

/** The frames that every agency sends, with the agency still to be filled in. */
function templates(batches: number): Uint8Array[] {
  const rows = crowdRows(batches).map((row) => {
    const [firstName, lastName, document, birthdate, number] = row.split(
      ",",
    ) as [string, string, string, string, string];
    return { firstName, lastName, document, birthdate, number };
  });
  return Array.from({ length: batches }, (_, i) => {
    const offset = i * BATCH_BETS;
    const bets = packBets(rows.slice(offset, offset + BATCH_BETS));
    return encodeBatch({ agency: 1, source: SOURCE, offset, bets });
  });
}

async function connectAll(
  port: number,
  agencies: number,
): Promise<Deno.TcpConn[]> {
  const streams: Deno.TcpConn[] = [];
  while (streams.length < agencies) {
    const length = Math.min(CONNECTED_AT_ONCE, agencies - streams.length);
    streams.push(
      ...await Promise.all(
        Array.from(
          { length },
          () => Deno.connect({ hostname: "127.0.0.1", port }),
        ),
      ),
    );
  }
  for (const stream of streams) stream.setNoDelay(true);
  return streams;
}

/** Sends all of an agency's batches, one after the other. */
async function sendBatches(
  stream: Deno.TcpConn,
  frames: readonly Uint8Array[],
  agency: number,
  onServed: () => void,
): Promise<void> {
  const frame = new Uint8Array(Math.max(...frames.map(({ length }) => length)));
  const view = new DataView(frame.buffer);
  for (const template of frames) {
    frame.set(template);
    view.setUint32(HEADER_SIZE, agency); // big-endian
    for (let at = 0; at < template.length;) {
      at += await stream.write(frame.subarray(at, template.length));
    }
    await readOk(stream, agency);
    onServed();
  }
  stream.close();
}

async function readOk(stream: Deno.TcpConn, agency: number): Promise<void> {
  const reply = new Uint8Array(OK_SIZE);
  for (let at = 0; at < OK_SIZE;) {
    const read = await stream.read(reply.subarray(at));
    if (read === null) {
      throw new Error(`Cannot go on: agency ${agency} was hung up on`);
    }
    at += read;
  }
  if (reply[0] === MessageType.OK) return;
  throw new Error(
    `Cannot go on: agency ${agency} got a reply of type ${reply[0]}, not OK`,
  );
}

async function main(
  port: number,
  agencies: number,
  batches: number,
): Promise<CrowdLoad> {
  const frames = templates(batches);
  const startedAt = performance.now();
  const streams = await connectAll(port, agencies);
  const connectSeconds = (performance.now() - startedAt) / 1000;
  const tally = new Tally(agencies, batches);
  await Promise.all(
    streams.map((stream, i) =>
      sendBatches(stream, frames, i + 1, () => tally.add(i))
    ),
  );
  return { connectSeconds, ...tally.result() };
}

if (import.meta.main) {
  const [port = 0, agencies = 0, batches = 0] = Deno.args.map(Number);
  writeLine(
    Deno.stdout,
    JSON.stringify(await main(port, agencies, batches)),
  );
}
