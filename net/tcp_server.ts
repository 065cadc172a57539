/**
 * What every server here has in common: a listener, peers that arrive, and an
 * end when a signal asks for it. What peers are told is not known here.
 *
 * @module
 */

import { messageOf } from "../program/errors.ts";
import { action, getLogger } from "../program/logging.ts";
import { ProgramError } from "../program/program.ts";

/** Milliseconds between attempts to accept, where the system has no room. */
const ACCEPT_DELAY_MS = 100;

/** Takes a peer that has just arrived; must not throw. */
export type Welcome = (stream: Deno.TcpConn, ip: string) => void;

/** Accepts peers one after another. */
export class Acceptor {
  readonly #listener: Deno.TcpListener;
  readonly #welcome: Welcome;
  readonly #log = getLogger();
  #isStopping = false;

  /**
   * Creates an acceptor; {@linkcode run} sets it to work.
   *
   * @param listener Where peers arrive; closed by {@linkcode stop}.
   * @param welcome Given each peer.
   */
  constructor(listener: Deno.TcpListener, welcome: Welcome) {
    this.#listener = listener;
    this.#welcome = welcome;
  }

  /** Accepts peers until {@linkcode stop} is called. */
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

  /** Accepts no more. */
  stop(): void {
    this.#isStopping = true;
    this.#listener.close();
    this.#log.info(action("close_listener", "success"));
  }

  async #accept(): Promise<Deno.TcpConn | undefined> {
    try {
      const stream = await this.#listener.accept();
      stream.setNoDelay(true);
      // One that waits for an answer sends nothing; the system asks for it.
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

/** What can be run to its end by {@linkcode serveUntil}. */
export interface Server {
  /** Serves until it is stopped. */
  serve(): Promise<void>;
  /** Ends what goes on, and waits for its end. */
  stop(): Promise<void>;
}

/**
 * Lets a server work until it is asked to stop.
 *
 * @param signal Aborted, with the signal's name as the reason, to stop it.
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
  /** The port; 0 for any free one. */
  port: number;
  /** Connections that may wait to be accepted. */
  backlog: number;
}

/**
 * Listens.
 *
 * @param options Where.
 * @returns Where peers arrive.
 * @throws {ProgramError} If that is not to be had.
 */
export function listen({ port, backlog }: ListenOptions): Deno.TcpListener {
  try {
    return Deno.listen({ port, tcpBacklog: backlog });
  } catch (cause) {
    throw new ProgramError(
      `Cannot listen on port ${port}: ${messageOf(cause)}`,
      { cause },
    );
  }
}

/**
 * Logs where a server listens.
 *
 * @param listener The listener.
 */
export function logPort({ addr }: Deno.TcpListener): void {
  getLogger().info(action("listen", "success", { port: addr.port }));
}
