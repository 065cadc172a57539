/**
 * Accepts agencies and serves each one in its own session.
 *
 * @module
 */

import { Connection } from "../net/connection.ts";
import { Acceptor } from "../net/tcp_server.ts";
import { formatAction, getLogger } from "../program/logging.ts";
import type { Store } from "../storage.ts";
import { Draw } from "./draw.ts";
import {
  type Admission,
  Entrance,
  type EntranceOptions,
  type Visitor,
} from "./entrance.ts";
import { FairScheduler } from "./fair_scheduler.ts";
import { Session } from "./session.ts";

/**
 * Time that agencies have to read their last replies when the central stops.
 */
const STOP_TIMEOUT_MS = 600;

/** Options of a {@linkcode Central}. */
export interface CentralOptions extends EntranceOptions {
  /** Longest time without a whole frame before a connection is dropped. */
  idleTimeoutMs: number;
}

/** Accepts agencies and serves each one in its own session. */
export class Central {
  readonly #acceptor: Acceptor;
  readonly #store: Store;
  /** The draw of the store. */
  readonly draw: Draw;
  readonly #options: CentralOptions;
  readonly #log = getLogger();
  readonly #sessions = new Map<Session, Promise<void>>();
  readonly #scheduler = new FairScheduler(this.#sessions);
  readonly #entrance: Entrance;
  #isStopping = false;

  /**
   * Creates a central. {@linkcode serve} starts it.
   *
   * @param listener Accepts agencies; {@linkcode stop} closes it.
   * @param store Stores the bets; the central leaves it open.
   * @param options The limits.
   */
  constructor(
    listener: Deno.TcpListener,
    store: Store,
    options: CentralOptions,
  ) {
    this.#acceptor = new Acceptor(
      listener,
      (stream, ip) => this.#welcome(stream, ip),
    );
    this.#entrance = new Entrance(options);
    this.#store = store;
    this.draw = new Draw(store);
    this.#options = options;
  }

  /** Number of connections. */
  get connections(): number {
    return this.#sessions.size + this.#entrance.size;
  }

  /** Accepts agencies until {@linkcode stop} is called. */
  async serve(): Promise<void> {
    await this.#acceptor.run();
  }

  /** Stops accepting, and ends each session after its last reply. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#acceptor.stop();
    const timer = setTimeout(() => {
      for (const session of this.#sessions.keys()) session.abort();
    }, STOP_TIMEOUT_MS);
    this.#entrance.stop();
    for (const session of this.#sessions.keys()) session.stop();
    await Promise.all(this.#sessions.values());
    clearTimeout(timer);
  }

  /**
   * Closes the connections of agencies whose token is no longer valid.
   *
   * @param agencies The agencies' ids.
   */
  revoke(agencies: ReadonlySet<number>): void {
    for (const session of this.#sessions.keys()) {
      const { authorizedAgency: agency } = session;
      if (agency === undefined || !agencies.has(agency)) continue;
      this.#log.warn(formatAction("authenticate", "fail", {
        agency,
        reason: "its token was removed or changed",
      }));
      session.abort();
    }
  }

  #welcome(stream: Deno.TcpConn, ip: string): void {
    const visitor = this.#visitorOf(stream, ip);
    if (this.#entrance.isBusy(this.#sessions.size)) {
      this.#entrance.turnAway(visitor);
    } else if (this.#entrance.isGuarded) {
      this.#admit(visitor);
    } else {
      this.#serve(visitor, { agency: undefined });
    }
  }

  #visitorOf(stream: Deno.TcpConn, ip: string): Visitor {
    const { tls } = this.#options;
    if (!tls) return { connection: new Connection(stream, this.#options), ip };
    const encrypted = tls.encrypt(stream);
    return {
      connection: new Connection(encrypted, this.#options),
      ip,
      handshake: () => encrypted.handshake(),
    };
  }

  /** Never rejects. */
  async #admit(visitor: Visitor): Promise<void> {
    const admission = await this.#entrance.admit(visitor);
    if (admission) this.#serve(visitor, admission);
  }

  #serve({ connection, ip }: Visitor, { agency }: Admission): void {
    const session = new Session(connection, {
      store: this.#store,
      draw: this.draw,
      scheduler: this.#scheduler,
      ip,
      authorizedAgency: agency,
      statistics: this.#options.statistics,
    });
    const run = session.run().finally(() => this.#sessions.delete(session));
    this.#sessions.set(session, run);
    // It came in while the central was stopping.
    if (this.#isStopping) session.stop();
  }
}
