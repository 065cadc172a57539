// A TCP proxy that treats the bytes that pass as badly as a network may: it
// cuts, stalls, delays, splits and joins them, never changing them.

import { type Fault, passBytes, type PipeOptions } from "./faulty_pipe.ts";

/** Options of a {@linkcode FaultyProxy}. */
export interface FaultyProxyOptions extends Omit<PipeOptions, "onFault"> {
  /** Port of the target on this machine. */
  targetPort: number;
}

/** Listens, and connects each peer to the target. */
export class FaultyProxy {
  readonly #listener: Deno.TcpListener;
  readonly #options: FaultyProxyOptions;
  readonly #streams = new Set<Deno.TcpConn>();
  readonly #relays = new Set<Promise<void>>();
  readonly #serving: Promise<void>;
  readonly #counts: Record<Fault, number> = {
    cut: 0,
    stall: 0,
    delay: 0,
    split: 0,
    join: 0,
  };
  #isClosed = false;

  constructor(options: FaultyProxyOptions) {
    this.#options = options;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
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
    this.#isClosed = true;
    this.#listener.close();
    for (const stream of this.#streams) this.#close(stream);
    await this.#serving;
    await Promise.all(this.#relays);
  }

  async #serve(): Promise<void> {
    try {
      for await (const peer of this.#listener) {
        const relay = this.#relay(peer);
        this.#relays.add(relay);
        relay.finally(() => this.#relays.delete(relay));
      }
    } catch (error) {
      if (!this.#isClosed) throw error;
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
      if (!isStreamEnd(error)) throw error;
    } finally {
      this.#close(peer);
    }
  }

  /** Passes on one direction. */
  async #pass(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    let isWhole = false;
    try {
      isWhole = await passBytes(from, to, {
        ...this.#options,
        random: this.#options.random.fork(),
        onFault: (fault) => this.#counts[fault]++,
      });
    } catch (error) {
      if (!isStreamEnd(error)) throw error;
    } finally {
      if (!isWhole) {
        this.#close(from);
        this.#close(to);
      }
    }
  }

  #close(stream: Deno.TcpConn): void {
    if (this.#streams.delete(stream)) stream.close();
  }
}

/** Whether an error only means that one side has disconnected. */
function isStreamEnd(error: unknown): boolean {
  return [
    Deno.errors.ConnectionRefused,
    Deno.errors.ConnectionReset,
    Deno.errors.ConnectionAborted,
    Deno.errors.BrokenPipe,
    Deno.errors.NotConnected,
    Deno.errors.Interrupted,
    Deno.errors.BadResource,
  ].some((kind) => error instanceof kind);
}
