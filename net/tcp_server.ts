/**
 * What all servers share: listening, accepting, and stopping on a signal.
 *
 * @module
 */

import { messageOf, ProgramError } from "../program/errors.ts";
import { action, getLogger } from "../program/logging.ts";

/** Wait after a failed accept, for example without free file descriptors. */
const ACCEPT_DELAY_MS = 100;

/** Handles a new connection. Must not throw. */
export type Welcome = (stream: Deno.TcpConn, ip: string) => void;

/** Accepts connections one after another. */
export class Acceptor {
  readonly #listener: Deno.TcpListener;
  readonly #welcome: Welcome;
  readonly #log = getLogger();
  #isStopping = false;

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
    while (!this.#isStopping) {
      this.#log.info(action("accept_connections", "in_progress"));
      const stream = await this.#accept();
      if (!stream) continue;
      const ip = stream.remoteAddr.hostname;
      this.#log.info(action("accept_connections", "success", { ip }));
      this.#welcome(stream, ip);
    }
  }

  /** Stops accepting. */
  stop(): void {
    this.#isStopping = true;
    this.#listener.close();
    this.#log.info(action("close_listener", "success"));
  }

  async #accept(): Promise<Deno.TcpConn | undefined> {
    try {
      const stream = await this.#listener.accept();
      stream.setNoDelay(true);
      // An agency that waits for the draw sends nothing; keep-alive finds out
      // if its machine has gone.
      stream.setKeepAlive(true);
      return stream;
    } catch (error) {
      if (this.#isStopping) return undefined;
      this.#log.error(action("accept_connections", "fail", {
        error: messageOf(error),
      }));
      await new Promise((resolve) => setTimeout(resolve, ACCEPT_DELAY_MS));
      return undefined;
    }
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
  getLogger().info(action("stop", "in_progress", { signal: signal.reason }));
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
  getLogger().info(action("listen", "success", { port: addr.port }));
}
