// Accepts agencies and serves each one in its own session.

import { Connection } from "../net/connection.ts";
import { Acceptor, listen, logPort } from "../net/tcp_server.ts";
import { formatAction, getLogger } from "../program/logging.ts";
import type { Store } from "../storage/mod.ts";
import type { PendingConnection } from "./auth/authenticate.ts";
import type { Credentials } from "./auth/credentials.ts";
import { PendingConnections } from "./auth/pending_connections.ts";
import type { TlsCertificate } from "./auth/tls_certificate.ts";
import { Draw, warnOfLeftOut } from "./draw.ts";
import { FairScheduler } from "./fair_scheduler.ts";
import { Session } from "./session.ts";
import { Statistics } from "./statistics.ts";

/** Time for agencies to read their last replies when the central stops. */
const STOP_TIMEOUT_MS = 600;
const DEFAULTS = {
  backlog: 4096,
  maxConnections: 4096,
  idleTimeoutMs: 60_000,
  authTimeoutMs: 5_000,
};

/** Options of {@linkcode Central.listen}. */
export interface CentralOptions {
  /** An address of this machine, `0.0.0.0` for all of IPv4, `::` for all. */
  hostname: string;
  /** The port, or 0 for any free one. */
  port: number;
  /**
   * Largest number of connections waiting to be accepted.
   *
   * @default {4096}
   */
  backlog?: number;
  /**
   * Largest number of connections. Above it, a connection is rejected with
   * `BUSY`.
   *
   * @default {4096}
   */
  maxConnections?: number;
  /**
   * Longest time for one whole frame, in milliseconds.
   *
   * @default {60_000}
   */
  idleTimeoutMs?: number;
  /**
   * Longest time for the TLS handshake and the token, in milliseconds.
   *
   * @default {5_000}
   */
  authTimeoutMs?: number;
  /**
   * Encrypts connections. Without it they are plain.
   *
   * @default {undefined}
   */
  tls?: TlsCertificate | undefined;
  /**
   * Who may send as which agency. Without it everyone may.
   *
   * @default {undefined}
   */
  credentials?: Credentials | undefined;
  /**
   * Counts what happens, for the status page.
   *
   * @internal
   * @default {new Statistics()}
   */
  statistics?: Statistics;
}

/**
 * A central that serves agencies until it is disposed of. It stores their bets
 * in its store, which stays open.
 *
 * @example Usage
 * ```ts no-assert
 * import { Central, FileStore } from "../server.ts";
 *
 * async function serveFor(milliseconds: number, file: string): Promise<void> {
 *   await using store = await FileStore.open(file);
 *   const address = { hostname: "127.0.0.1", port: 0 };
 *   await using central = Central.listen(store, address);
 *   console.log(`Send bets to port ${central.port}`);
 *   await new Promise((resolve) => setTimeout(resolve, milliseconds));
 * }
 * ```
 */
export class Central implements AsyncDisposable {
  /**
   * The draw as the status page shows it.
   *
   * @internal
   */
  readonly draw: Draw;
  /** The port on which it listens. */
  readonly port: number;
  readonly #store: Store;
  readonly #options: CentralOptions & typeof DEFAULTS;
  readonly #statistics: Statistics;
  readonly #log = getLogger();
  readonly #sessions = new Map<Session, Promise<void>>();
  readonly #scheduler = new FairScheduler(this.#sessions);
  readonly #pending: PendingConnections;
  readonly #acceptor: Acceptor;
  readonly #accepting: Promise<void>;
  #stopping: Promise<void> | undefined;

  private constructor(
    listener: Deno.TcpListener,
    store: Store,
    options: CentralOptions & typeof DEFAULTS,
  ) {
    const { credentials, authTimeoutMs, maxConnections } = options;
    const { statistics = new Statistics() } = options;
    this.#options = options;
    this.port = listener.addr.port;
    this.draw = new Draw(store);
    this.#store = store;
    this.#statistics = statistics;
    this.#pending = new PendingConnections({
      credentials,
      authTimeoutMs,
      maxConnections,
      statistics,
      onAuthenticated: (pending) => this.#serve(pending),
    });
    credentials?.onRevoked((agencies) => this.#revoke(agencies));
    this.#acceptor = new Acceptor(
      listener,
      (stream, ip) => this.#onConnection(stream, ip),
    );
    this.#accepting = this.#acceptor.run();
  }

  /**
   * Listens for agencies, and serves them until the central is disposed of. The
   * store stays open.
   *
   * @throws {ProgramError} If the address is not available.
   */
  static listen(store: Store, options: CentralOptions): Central {
    const all = { ...DEFAULTS, ...options };
    const { hostname, port, backlog } = all;
    const listener = listen({ hostname, port, backlog });
    warnOfLeftOut(store);
    logPort(listener);
    return new Central(listener, store, all);
  }

  /** Number of connections. */
  get connections(): number {
    return this.#sessions.size + this.#pending.size;
  }

  /**
   * When its certificate expires, in milliseconds since 1970, or `undefined`
   * without TLS.
   */
  get certificateNotAfterMs(): number | undefined {
    return this.#options.tls?.notAfterMs;
  }

  /**
   * Stops accepting, and ends each session after its last reply. Stopping again
   * has no effect.
   */
  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  /** Stops, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<void> {
    this.#acceptor.stop();
    const timer = setTimeout(() => {
      for (const session of this.#sessions.keys()) session.abort();
    }, STOP_TIMEOUT_MS);
    this.#pending.stop();
    for (const session of this.#sessions.keys()) session.stop();
    await Promise.all(this.#sessions.values());
    clearTimeout(timer);
    await this.#accepting;
  }

  /** Closes the connections of agencies whose token is no longer valid. */
  #revoke(agencies: ReadonlySet<number>): void {
    const revoked = this.#pending.revoke(agencies);
    for (const session of this.#sessions.keys()) {
      const { authorizedAgency: agency } = session;
      if (agency === undefined || !agencies.has(agency)) continue;
      session.abort();
      revoked.push(agency);
    }
    for (const agency of revoked) {
      this.#log.warn(formatAction("authenticate", "fail", {
        agency,
        reason: "its token was removed or changed",
      }));
    }
  }

  #onConnection(stream: Deno.TcpConn, ip: string): void {
    const pending = this.#pendingConnection(stream, ip);
    const { tls, credentials } = this.#options;
    if (this.#pending.isFull(this.#sessions.size)) {
      this.#pending.rejectBusy(pending);
    } else if (tls || credentials) {
      this.#pending.authenticate(pending);
    } else {
      this.#serve(pending);
    }
  }

  #pendingConnection(stream: Deno.TcpConn, ip: string): PendingConnection {
    const { tls, idleTimeoutMs } = this.#options;
    const encrypted = tls?.encrypt(stream);
    const connection = new Connection(encrypted ?? stream, { idleTimeoutMs });
    return { connection, ip, handshake: () => encrypted?.handshake() };
  }

  #serve({ connection, ip, agency }: PendingConnection): void {
    const session = new Session(connection, {
      store: this.#store,
      draw: this.draw,
      scheduler: this.#scheduler,
      ip,
      authorizedAgency: agency,
      statistics: this.#statistics,
    });
    const run = session.run().finally(() => this.#sessions.delete(session));
    this.#sessions.set(session, run);
    // Authenticated or accepted during shutdown.
    if (this.#stopping) session.stop();
  }
}
