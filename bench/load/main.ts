// A load generator: many connections in one process, each an agency that sends
// the same file. Everything is encoded before the start, and all connections
// start together. Prints its measurements as JSON.
//
// `bench/load/main.ts central|redis PORT CONNECTIONS WINDOW FILE`

import { writeLine } from "../../program/logging.ts";
import { type Wire, WIRES } from "./wire.ts";

export const BATCH_BETS = 150;

export interface LoadResult {
  /** All batches of all connections. */
  batches: number;
  /** From the common start until every connection has had a reply. */
  firstReplySeconds: number;
  /** From the common start until the last reply. */
  seconds: number;
  /** Fewest batches answered when half of all are, over the mean. */
  leastServed: number;
  /** From the write of a batch to its reply. */
  latencyP50: number;
  latencyP99: number;
}

const CONNECTED_AT_ONCE = 100;
/**
 * The runtime prefers new writes to waiting ones, so more at once would starve
 * some connections here, whatever the server does.
 */
const WRITES_AT_ONCE = 16;

/** A fixed number of buffers, handed out in the order of the requests. */
class BufferPool {
  readonly #free: Uint8Array[];
  readonly #waiting: ((buffer: Uint8Array) => void)[] = [];

  constructor(buffers: number, bytes: number) {
    this.#free = Array.from({ length: buffers }, () => new Uint8Array(bytes));
  }

  take(): Uint8Array | Promise<Uint8Array> {
    return this.#free.pop() ??
      new Promise((resolve) => this.#waiting.push(resolve));
  }

  giveBack(buffer: Uint8Array): void {
    const next = this.#waiting.shift();
    if (next) next(buffer);
    else this.#free.push(buffer);
  }
}

/** Counts when and how often each connection was answered. */
class Tally {
  readonly #startedAt = performance.now();
  readonly #answered: Uint32Array;
  readonly #latencies: Float64Array;
  #total = 0;
  #begun = 0;
  #firstReplySeconds = NaN;
  #leastServed = NaN;

  constructor(connections: number, batches: number) {
    this.#answered = new Uint32Array(connections);
    this.#latencies = new Float64Array(connections * batches);
  }

  add(connection: number, writtenAt: number): void {
    const connections = this.#answered.length;
    const batches = this.#latencies.length;
    this.#latencies[this.#total++] = (performance.now() - writtenAt) / 1000;
    if (this.#answered[connection]!++ === 0 && ++this.#begun === connections) {
      this.#firstReplySeconds = secondsSince(this.#startedAt);
    }
    if (this.#total === batches >> 1) {
      const mean = this.#total / connections;
      this.#leastServed = this.#answered.reduce((a, b) => Math.min(a, b)) /
        mean;
    }
  }

  result(): LoadResult {
    const seconds = secondsSince(this.#startedAt);
    const sorted = this.#latencies.sort();
    return {
      batches: sorted.length,
      firstReplySeconds: this.#firstReplySeconds,
      seconds,
      leastServed: this.#leastServed,
      latencyP50: quantile(sorted, 0.5),
      latencyP99: quantile(sorted, 0.99),
    };
  }
}

/** The value at a part of ascending values, 1 or more (nearest rank). */
export function quantile(sorted: Float64Array, part: number): number {
  return sorted[Math.max(1, Math.ceil(part * sorted.length)) - 1]!;
}

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}

/** Encodes a file in CSV with CRLF, batch by batch. */
function encodeFile(wire: Wire, text: string): Uint8Array[] {
  const rows = text.trimEnd().split("\r\n");
  const requests: Uint8Array[] = [];
  for (let at = 0; at < rows.length; at += BATCH_BETS) {
    requests.push(wire.encode(rows.slice(at, at + BATCH_BETS), at));
  }
  return requests;
}

async function connectAll(
  port: number,
  count: number,
): Promise<Deno.TcpConn[]> {
  const streams: Deno.TcpConn[] = [];
  while (streams.length < count) {
    const length = Math.min(CONNECTED_AT_ONCE, count - streams.length);
    const connect = () => Deno.connect({ hostname: "127.0.0.1", port });
    streams.push(...await Promise.all(Array.from({ length }, connect)));
  }
  for (const stream of streams) stream.setNoDelay(true);
  return streams;
}

async function main(): Promise<void> {
  const [name, port, connections, window] = [
    Deno.args[0] as keyof typeof WIRES,
    ...Deno.args.slice(1, 4).map(Number),
  ] as const;
  const wire = WIRES[name];
  const requests = encodeFile(wire, await Deno.readTextFile(Deno.args[4]!));
  const maxBytes = Math.max(...requests.map(({ length }) => length));
  const pool = new BufferPool(WRITES_AT_ONCE, window! * maxBytes);

  async function send(
    stream: Deno.TcpConn,
    agency: number,
    batches: readonly Uint8Array[],
  ): Promise<void> {
    const buffer = await pool.take();
    let end = 0;
    for (const batch of batches) {
      buffer.set(batch, end);
      wire.address(buffer.subarray(end), agency);
      end += batch.length;
    }
    for (let at = 0; at < end;) {
      at += await stream.write(buffer.subarray(at, end));
    }
    pool.giveBack(buffer);
  }

  async function run(stream: Deno.TcpConn, connection: number): Promise<void> {
    const replies = new Uint8Array(1024);
    const countReplies = wire.countReplies();
    const writtenAt = new Float64Array(window!);
    let sent = 0;
    let answered = 0;
    while (answered < requests.length) {
      const until = Math.min(answered + window!, requests.length);
      const now = performance.now();
      for (let i = sent; i < until; i++) writtenAt[i % window!] = now;
      if (sent < until) {
        await send(stream, connection + 1, requests.slice(sent, until));
      }
      sent = until;
      const size = await stream.read(replies);
      if (size === null) throw new Error("Cannot continue: the server hung up");
      for (let n = countReplies(replies.subarray(0, size)); n > 0; n--) {
        tally.add(connection, writtenAt[answered++ % window!]!);
      }
    }
    stream.close();
  }

  const streams = await connectAll(port!, connections!);
  const tally = new Tally(connections!, requests.length);
  await Promise.all(streams.map(run));
  writeLine(Deno.stdout, JSON.stringify(tally.result()));
}

if (import.meta.main) await main();
