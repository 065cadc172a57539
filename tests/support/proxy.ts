// A TCP proxy that treats the bytes that pass as badly as a network may: it
// cuts, stalls, delays, splits and joins them, never changing them.

import { delay } from "./deadline.ts";
import { isDisconnection } from "./wire.ts";
import type { Random } from "./random_bets.ts";

/** A fault that a piece of bytes can meet. */
export type Fault = "cut" | "stall" | "delay" | "split" | "join";

/** Options of a {@linkcode FaultyProxy}. */
export interface FaultyProxyOptions {
  /** Port of the target on this machine. */
  targetPort: number;
  /**
   * Share of the pieces for each fault, in thousandths; at most 1000 together.
   */
  chances: Readonly<Record<Fault, number>>;
  /** Milliseconds that a stalled piece waits. */
  stallTime: number;
  /** Source of randomness. */
  random: Random;
}

const MAX_PIECE_BYTES = 1 << 14;
/** Milliseconds that a delayed piece waits at most. */
const MAX_DELAY_MS = 20;
/** Milliseconds in which the pieces to join arrive. */
const JOIN_MS = 10;
/** Largest number of parts of a piece. */
const MAX_PARTS = 40;

/** Listens, and connects each peer to the target. */
export class FaultyProxy {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #options: FaultyProxyOptions;
  readonly #streams = new Set<Deno.TcpConn>();
  readonly #relays: Promise<void>[] = [];
  readonly #serving: Promise<void>;
  readonly #counts = { cut: 0, stall: 0, delay: 0, split: 0, join: 0 };

  constructor(options: FaultyProxyOptions) {
    this.#options = options;
    this.#serving = this.#serve();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** How often each fault has happened so far. */
  get counts(): Readonly<Record<Fault, number>> {
    return this.#counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const stream of this.#streams) this.#close(stream);
    await this.#serving;
    await Promise.all(this.#relays);
  }

  async #serve(): Promise<void> {
    for await (const peer of this.#listener) {
      this.#relays.push(this.#relay(peer));
    }
  }

  async #relay(peer: Deno.TcpConn): Promise<void> {
    this.#streams.add(peer);
    try {
      const port = this.#options.targetPort;
      const target = await Deno.connect({ hostname: "127.0.0.1", port });
      for (const stream of [peer, target]) stream.setNoDelay(true);
      this.#streams.add(target);
      await Promise.all([this.#pass(peer, target), this.#pass(target, peer)]);
      this.#close(target);
    } catch (error) {
      if (!isDisconnection(error)) throw error;
    } finally {
      this.#close(peer);
    }
  }

  /** Passes on one direction, until its end or a cut. */
  async #pass(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const random = this.#options.random.fork();
    let isWhole = false;
    try {
      do {
        isWhole = await this.#passPiece(from, to, random);
      } while (!isWhole);
      await to.closeWrite();
    } catch (error) {
      isWhole = false;
      if (!isDisconnection(error) && !(error instanceof Cut)) throw error;
    } finally {
      if (!isWhole) {
        this.#close(from);
        this.#close(to);
      }
    }
  }

  /** Passes on a piece with its fault. Returns true at the end. */
  async #passPiece(
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    random: Random,
  ): Promise<boolean> {
    const fault = this.#drawFault(random);
    const isJoined = fault === "join";
    // Until then, the system collects what arrives.
    if (isJoined) await delay(JOIN_MS);
    const piece = new Uint8Array(
      isJoined ? MAX_PIECE_BYTES : random.between(1, MAX_PIECE_BYTES),
    );
    const read = await from.read(piece);
    if (read === null) return true;
    if (fault) this.#counts[fault]++;
    const bytes = piece.subarray(0, read);
    if (fault === "cut") {
      await writeAll(to, bytes.subarray(0, random.between(0, read)));
      throw new Cut();
    }
    if (fault === "stall") await delay(this.#options.stallTime);
    if (fault === "delay") await delay(random.between(1, MAX_DELAY_MS));
    if (fault === "split") await writeSplit(to, bytes, random);
    else await writeAll(to, bytes);
    return false;
  }

  #drawFault(random: Random): Fault | undefined {
    let chance = random.below(1000);
    for (const [fault, share] of Object.entries(this.#options.chances)) {
      chance -= share;
      if (chance < 0) return fault as Fault;
    }
    return undefined;
  }

  #close(stream: Deno.TcpConn): void {
    if (this.#streams.delete(stream)) stream.close();
  }
}

/** Ends both directions. */
class Cut extends Error {}

async function writeAll(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

/** Writes in parts of a few bytes, each its own segment. */
async function writeSplit(
  to: Deno.TcpConn,
  bytes: Uint8Array,
  random: Random,
): Promise<void> {
  const partSize = Math.ceil(bytes.length / random.between(1, MAX_PARTS));
  for (let at = 0; at < bytes.length;) {
    const size = random.between(1, 2 * partSize);
    await writeAll(to, bytes.subarray(at, at + size));
    at += size;
    await delay(0);
  }
}
