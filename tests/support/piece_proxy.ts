// A TCP proxy that passes bytes on in pieces of its own size, whatever pieces
// they came in.

/** Options of a {@linkcode PieceProxy}. */
export interface PieceProxyOptions {
  /** Port of the target on this machine. */
  targetPort: number;
  /** Largest number of bytes per write. */
  pieceSize: number;
  /** Milliseconds to wait for more bytes before a write. @default {0} */
  gatherTime?: number;
}

/** Listens, and connects each peer to the target. */
export class PieceProxy {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #options: PieceProxyOptions;
  readonly #pipes: Promise<void>[] = [];
  readonly #serving: Promise<void>;
  #largestPiece = 0;

  constructor(options: PieceProxyOptions) {
    this.#options = options;
    this.#serving = this.#serve();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Size of the largest write so far, in bytes. */
  get largestPiece(): number {
    return this.#largestPiece;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
    await Promise.all(this.#pipes);
  }

  async #serve(): Promise<void> {
    for await (const peer of this.#listener) {
      this.#pipes.push(this.#relay(peer));
    }
  }

  async #relay(peer: Deno.TcpConn): Promise<void> {
    const port = this.#options.targetPort;
    using target = await Deno.connect({ hostname: "127.0.0.1", port });
    using _peer = peer;
    peer.setNoDelay(true);
    target.setNoDelay(true);
    await Promise.all([this.#pass(peer, target), this.#pass(target, peer)]);
  }

  /** Reads while it writes, so that waiting bytes go out together. */
  async #pass(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const { pieceSize, gatherTime = 0 } = this.#options;
    let waiting = new Uint8Array(0);
    let isRead = false;
    let wake = Promise.withResolvers<void>();
    const reading = (async () => {
      const chunk = new Uint8Array(1 << 16);
      for (;;) {
        const read = await from.read(chunk);
        isRead = read === null;
        const all = new Uint8Array(waiting.length + (read ?? 0));
        all.set(waiting);
        all.set(chunk.subarray(0, read ?? 0), waiting.length);
        waiting = all;
        wake.resolve();
        if (isRead) return;
      }
    })();
    while (!isRead || waiting.length > 0) {
      if (waiting.length === 0) {
        await wake.promise;
        wake = Promise.withResolvers();
        continue;
      }
      if (gatherTime > 0) await pause(gatherTime);
      const taken = await to.write(waiting.subarray(0, pieceSize));
      this.#largestPiece = Math.max(this.#largestPiece, taken);
      waiting = waiting.subarray(taken);
    }
    await reading;
    await to.closeWrite();
  }
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
