// What all servers share: listening, accepting, and stopping on a signal.

import { failure, messageOf, stackOf } from "../program/errors.ts";
import { formatAction, getLogger } from "../program/logging.ts";
import { nextTurn, pause } from "../program/timer.ts";

/**
 * Shortages of the machine: file descriptors or memory. Any other failed accept
 * concerns one connection only.
 */
const SHORTAGES: readonly unknown[] = ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"];
/** Wait after the first of several failed accepts; it doubles each time. */
const MIN_ACCEPT_DELAY_MS = 50;
/**
 * Below a second, so that agencies are served within a second once file
 * descriptors are free.
 */
const MAX_ACCEPT_DELAY_MS = 900;

/**
 * Accepts in a row, after which the open connections get a turn. Without it the
 * end of a connection would not be seen in time, and a peer that connects and
 * closes in a loop would take every place.
 */
const ACCEPTS_PER_TURN = 16;

interface Outage {
  startedAt: number;
  failures: number;
}

/** The part of `Deno.TcpListener` that an {@linkcode Acceptor} uses. */
export type Listener = Pick<Deno.TcpListener, "accept" | "close">;

export type OnConnection = (stream: Deno.TcpConn, ip: string) => void;

export class Acceptor {
  readonly #listener: Listener;
  readonly #onConnection: OnConnection;
  readonly #log = getLogger();
  readonly #stopping = new AbortController();
  #outage: Outage | undefined;

  constructor(listener: Listener, onConnection: OnConnection) {
    this.#listener = listener;
    this.#onConnection = onConnection;
  }

  /** Accepts connections until {@linkcode stop} is called. Never rejects. */
  async run(): Promise<void> {
    this.#log.info(formatAction("accept_connections", "in_progress"));
    for (let count = 1; !this.#stopping.signal.aborted; count++) {
      const stream = await this.#accept();
      if (stream && this.#handOver(stream)) {
        this.#log.info(formatAction("accept_connections", "in_progress"));
      }
      if (count % ACCEPTS_PER_TURN === 0) await nextTurn();
    }
  }

  stop(): void {
    this.#stopping.abort();
    this.#listener.close();
    this.#log.info(formatAction("close_listener", "success"));
  }

  /** Returns `undefined` after a failure, and after a wait if that may help. */
  async #accept(): Promise<Deno.TcpConn | undefined> {
    try {
      const stream = await this.#listener.accept();
      this.#endOutage();
      return stream;
    } catch (error) {
      if (this.#stopping.signal.aborted) return undefined;
      if (isLasting(error)) await this.#waitInOutage(error);
      else this.#logLostConnection(error);
      return undefined;
    }
  }

  #handOver(stream: Deno.TcpConn): boolean {
    let ip: string;
    try {
      ip = stream.remoteAddr.hostname;
      stream.setNoDelay(true);
      // An agency that waits for the draw sends nothing: keep-alive detects
      // that its machine is gone.
      stream.setKeepAlive(true);
    } catch (error) {
      stream.close();
      this.#logLostConnection(error);
      return false;
    }
    this.#log.info(formatAction("accept_connections", "success", { ip }));
    try {
      this.#onConnection(stream, ip);
    } catch (error) {
      // A bug with one connection must not end the server.
      stream.close();
      this.#log.critical(formatAction("accept_connections", "fail", {
        ip,
        error: stackOf(error),
      }));
    }
    return true;
  }

  /**
   * A peer that connects and resets at once, such as a probe, is not an error.
   */
  #logLostConnection(error: unknown): void {
    this.#log.debug(() =>
      formatAction("accept_connections", "fail", { error: messageOf(error) })
    );
  }

  /**
   * Waits, for example for file descriptors. Logs once, not for each attempt.
   */
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

/** True if the next accept would fail too: a shortage, or a broken listener. */
function isLasting(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource ||
    (error instanceof Error && "code" in error &&
      SHORTAGES.includes(error.code));
}

/** Waits for a signal, whose reason is its name, and stops a server. */
export async function stopOn(
  signal: AbortSignal,
  server: { stop(): Promise<void> },
): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve());
  });
  getLogger().info(
    formatAction("stop", "in_progress", { signal: signal.reason }),
  );
  await server.stop();
}

export interface ListenOptions {
  /** An address of this machine; `0.0.0.0` for all of IPv4, `::` for all. */
  hostname: string;
  port: number;
  backlog: number;
}

/** Throws a `ProgramError` if the address is not available. */
export function listen(
  { hostname, port, backlog }: ListenOptions,
): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port, tcpBacklog: backlog });
  } catch (cause) {
    throw failure(`Cannot listen on port ${port} of ${hostname}`, cause);
  }
}

export function logPort({ addr }: Pick<Deno.TcpListener, "addr">): void {
  getLogger().info(formatAction("listen", "success", { port: addr.port }));
}
