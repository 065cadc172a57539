/**
 * What all servers share: listening, accepting, and stopping on a signal.
 *
 * @module
 */

import { messageOf, ProgramError } from "../program/errors.ts";
import { formatAction, getLogger } from "../program/logging.ts";
import { pause } from "../program/stop_signal.ts";

/** Wait after the first of several failed accepts; it doubles each time. */
const MIN_ACCEPT_DELAY_MS = 50;
/**
 * Longest wait between two attempts. It is below a second, so that agencies are
 * served within a second of there being file descriptors again.
 */
const MAX_ACCEPT_DELAY_MS = 900;

/** A time in which no connection could be accepted. */
interface Outage {
  startedAt: number;
  failures: number;
}

/** Handles a new connection. Must not throw. */
export type Welcome = (stream: Deno.TcpConn, ip: string) => void;

/** Accepts connections one after another. */
export class Acceptor {
  readonly #listener: Deno.TcpListener;
  readonly #welcome: Welcome;
  readonly #log = getLogger();
  readonly #stopping = new AbortController();
  #outage: Outage | undefined;

  /**
   * Creates an acceptor. {@linkcode run} starts it.
   *
   * @param listener Accepts connections; {@linkcode stop} closes it.
   * @param welcome Called with each connection.
   */
  constructor(listener: Deno.TcpListener, welcome: Welcome) {
    this.#listener = listener;
    this.#welcome = welcome;
  }

  /** Accepts connections until {@linkcode stop} is called. */
  async run(): Promise<void> {
    this.#log.info(formatAction("accept_connections", "in_progress"));
    while (!this.#stopping.signal.aborted) {
      const stream = await this.#accept();
      if (!stream) continue;
      const ip = stream.remoteAddr.hostname;
      this.#log.info(formatAction("accept_connections", "success", { ip }));
      this.#welcome(stream, ip);
      this.#log.info(formatAction("accept_connections", "in_progress"));
    }
  }

  /** Stops accepting. */
  stop(): void {
    this.#stopping.abort();
    this.#listener.close();
    this.#log.info(formatAction("close_listener", "success"));
  }

  /** Returns `undefined` after a failure, and the wait for better times. */
  async #accept(): Promise<Deno.TcpConn | undefined> {
    try {
      const stream = await this.#listener.accept();
      this.#endOutage();
      stream.setNoDelay(true);
      // An agency that waits for the draw sends nothing; keep-alive finds out
      // if its machine has gone.
      stream.setKeepAlive(true);
      return stream;
    } catch (error) {
      if (!this.#stopping.signal.aborted) await this.#waitInOutage(error);
      return undefined;
    }
  }

  /** Waits for file descriptors, for example, without a line for each try. */
  async #waitInOutage(error: unknown): Promise<void> {
    if (!this.#outage) {
      this.#outage = { startedAt: performance.now(), failures: 0 };
      this.#log.error(formatAction("accept_connections", "fail", {
        error: messageOf(error),
      }));
    }
    const doubled = MIN_ACCEPT_DELAY_MS * 2 ** this.#outage.failures;
    this.#outage.failures++;
    const waitMs = Math.min(doubled, MAX_ACCEPT_DELAY_MS);
    await pause(waitMs, this.#stopping.signal);
  }

  #endOutage(): void {
    if (!this.#outage) return;
    const { startedAt, failures } = this.#outage;
    this.#outage = undefined;
    this.#log.warn(formatAction("accept_connections", "success", {
      failures,
      seconds: ((performance.now() - startedAt) / 1000).toFixed(1),
    }));
  }
}

/** A server for {@linkcode serveUntil}. */
export interface Server {
  /** Serves until it is stopped. */
  serve(): Promise<void>;
  /** Stops serving and waits until everything has ended. */
  stop(): Promise<void>;
}

/**
 * Runs a server until a signal stops it.
 *
 * @param signal Its abort stops the server. The reason is the signal's name.
 * @param server The server.
 */
export async function serveUntil(
  signal: AbortSignal,
  server: Server,
): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve());
  });
  await Promise.race([server.serve(), stopped]);
  getLogger().info(
    formatAction("stop", "in_progress", { signal: signal.reason }),
  );
  await server.stop();
}

/** Where a server listens. */
export interface ListenOptions {
  /** An address of this machine, `0.0.0.0` for all of IPv4, `::` for all. */
  host: string;
  /** The port, or 0 for any free one. */
  port: number;
  /** Largest number of connections waiting to be accepted. */
  backlog: number;
}

/**
 * Starts to listen.
 *
 * @param options The address, the port and the backlog.
 * @returns The listener.
 * @throws {ProgramError} If the address or the port is not available.
 */
export function listen(options: ListenOptions): Deno.TcpListener {
  const { host: hostname, port, backlog } = options;
  try {
    return Deno.listen({ hostname, port, tcpBacklog: backlog });
  } catch (cause) {
    throw new ProgramError(
      `Cannot listen on port ${port}: ${
        messageOf(cause)
      } (server.host is ${hostname})`,
      { cause },
    );
  }
}

/**
 * Logs the port of a listener.
 *
 * @param listener The listener.
 */
export function logPort({ addr }: Deno.TcpListener): void {
  getLogger().info(formatAction("listen", "success", { port: addr.port }));
}
