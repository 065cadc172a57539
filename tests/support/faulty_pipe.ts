// One direction of a connection, on which bytes fare as badly as on a network.

import type { ForkableRandom } from "./seeded.ts";

/** A fault that a piece of bytes can meet. */
export type Fault = "cut" | "stall" | "delay" | "split" | "join";

export interface PipeOptions {
  /**
   * Share of the pieces for each fault, in thousandths; at most 1000 together.
   */
  chances: Readonly<Record<Fault, number>>;
  /** Milliseconds that a stalled piece waits. */
  stallTime: number;
  /** Source of randomness. */
  random: ForkableRandom;
  /** Called for each fault. */
  onFault(fault: Fault): void;
}

const PIECE_SIZE = 1 << 14;
/** Milliseconds that a delayed piece waits at most. */
const MAX_DELAY_MS = 20;
/** Milliseconds that a piece waits for the following ones. */
const JOIN_TIME = 10;
/** Largest number of parts of a piece. */
const MAX_PARTS = 40;

/** Passes on what comes, unchanged and in order, until its end or a cut. */
export async function passBytes(
  from: Deno.TcpConn,
  to: Deno.TcpConn,
  options: PipeOptions,
): Promise<boolean> {
  const { random, stallTime, onFault } = options;
  const inbox = new Inbox();
  inbox.fill(from, random);
  for (;;) {
    let bytes = await inbox.take();
    if (!bytes) break;
    const fault = pickFault(options);
    if (fault) onFault(fault);
    if (fault === "cut") {
      await writeAll(to, bytes.subarray(0, random.between(0, bytes.length)));
      return false;
    }
    if (fault === "stall") await sleep(stallTime);
    if (fault === "delay") await sleep(random.between(1, MAX_DELAY_MS));
    if (fault === "join") {
      await sleep(JOIN_TIME);
      bytes = concat(bytes, inbox.takeNow());
    }
    if (fault === "split") await writeSplit(to, bytes, random);
    else await writeAll(to, bytes);
  }
  await to.closeWrite();
  return true;
}

/** Bytes that arrived and were not passed on yet. */
class Inbox {
  #bytes = new Uint8Array(0);
  #isEnded = false;
  #failure: unknown;
  #wake: () => void = () => {};

  async fill(from: Deno.TcpConn, random: ForkableRandom): Promise<void> {
    const own = random.fork();
    try {
      for (;;) {
        const piece = new Uint8Array(own.between(1, PIECE_SIZE));
        const read = await from.read(piece);
        if (read === null) break;
        this.#bytes = concat(this.#bytes, piece.subarray(0, read));
        this.#wake();
      }
    } catch (error) {
      this.#failure = error;
    }
    this.#isEnded = true;
    this.#wake();
  }

  /** Waits for bytes; `null` at their end. */
  async take(): Promise<Uint8Array | null> {
    while (this.#bytes.length === 0) {
      if (this.#failure) throw this.#failure;
      if (this.#isEnded) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.takeNow();
  }

  /** Returns the bytes that have arrived, if any. */
  takeNow(): Uint8Array {
    const bytes = this.#bytes;
    this.#bytes = new Uint8Array(0);
    return bytes;
  }
}

function pickFault({ chances, random }: PipeOptions): Fault | undefined {
  let chance = random.below(1000);
  for (const [fault, share] of Object.entries(chances)) {
    chance -= share;
    if (chance < 0) return fault as Fault;
  }
  return undefined;
}

async function writeAll(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

/** Writes in parts of a few bytes, each its own segment. */
async function writeSplit(
  to: Deno.TcpConn,
  bytes: Uint8Array,
  random: ForkableRandom,
): Promise<void> {
  const partSize = Math.ceil(bytes.length / random.between(1, MAX_PARTS));
  for (let at = 0; at < bytes.length;) {
    const size = random.between(1, 2 * partSize);
    await writeAll(to, bytes.subarray(at, at + size));
    at += size;
    await sleep(0);
  }
}

function concat(
  first: Uint8Array,
  second: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

async function sleep(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
