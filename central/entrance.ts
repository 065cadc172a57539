/**
 * Decides who gets in: at most so many connections, those that complete the TLS
 * handshake, and, with credentials, those that send a valid token first.
 *
 * @module
 */

import { type Connection, isDisconnection } from "../net/connection.ts";
import { messageOf } from "../program/errors.ts";
import { formatAction, getLogger } from "../program/logging.ts";
import { pause } from "../program/stop_signal.ts";
import {
  decodeAuth,
  encodeError,
  MessageType,
  NO_INDEX,
  OK_FRAME,
  ProtocolError,
} from "../protocol.ts";
import type { TlsServer } from "../net/tls_server.ts";
import type { Statistics } from "./statistics.ts";
import type { Credentials } from "./credentials.ts";

/** Options of an {@linkcode Entrance}. */
export interface EntranceOptions {
  /** Connections served at once. One more is answered with `BUSY`. */
  maxConnections: number;
  /**
   * Encrypts connections. Without it they are plain.
   *
   * @default {undefined}
   */
  tls?: TlsServer | undefined;
  /** Who may send as which agency. Without it everyone may. */
  credentials?: Credentials | undefined;
  /**
   * Longest time for the handshake and for the token, in milliseconds.
   *
   * @default {5000}
   */
  authTimeoutMs?: number;
  /** Counts what happens. */
  statistics: Statistics;
}

/** A connection that wants in. */
export interface Visitor {
  /** The connection. */
  connection: Connection;
  /** Its IP address, for the log. */
  ip: string;
  /** Waits for the TLS handshake, if there is one. */
  handshake?: (() => Promise<void>) | undefined;
}

/** A connection that was let in. */
export interface Admission {
  /** The only agency that it may speak for, or `undefined` for any. */
  agency: number | undefined;
}

/** Part of the connections that may wait at the entrance at once. */
const WAITING_PART = 1 / 4;
const MIN_WAITING = 16;
/** Wait before a wrong token is answered, so that guessing takes long. */
const REFUSAL_DELAY_MS = 1000;
const DEFAULT_TIMEOUT_MS = 5000;

const BUSY_FRAME = encodeError({
  error: "BUSY",
  index: NO_INDEX,
  reason: "Cannot serve: too many connections",
});

/** The visitor is not who it says, or does not say it. */
class UnauthorizedError extends ProtocolError {
  readonly agency: number | undefined;

  constructor(what: string, agency?: number) {
    super("UNAUTHORIZED", `Cannot let this connection in: ${what}`);
    this.agency = agency;
  }
}

/** Lets connections in, or turns them away. */
export class Entrance {
  readonly #options: EntranceOptions;
  readonly #log = getLogger();
  /** Connections that are neither in nor gone. */
  readonly #waiting = new Set<Connection>();
  /** Connections that are being refused with `BUSY`. */
  readonly #turnedAway = new Set<Connection>();
  readonly #stopping = new AbortController();

  /**
   * Creates an entrance.
   *
   * @param options The limits, and what is asked of those who come.
   */
  constructor(options: EntranceOptions) {
    this.#options = options;
  }

  /** Number of connections that are neither in nor gone. */
  get size(): number {
    return this.#waiting.size + this.#turnedAway.size;
  }

  /** Whether anything is asked of those who come. */
  get isGuarded(): boolean {
    const { tls, credentials } = this.#options;
    return tls !== undefined || credentials !== undefined;
  }

  /**
   * True if one more connection is too many.
   *
   * @param served Number of connections that are in.
   * @returns Whether the next one is to be turned away.
   */
  isBusy(served: number): boolean {
    const { maxConnections } = this.#options;
    const maxWaiting = Math.max(MIN_WAITING, maxConnections * WAITING_PART);
    return served + this.#waiting.size >= maxConnections ||
      this.#waiting.size >= maxWaiting;
  }

  /**
   * Asks a visitor for what is needed. Never rejects: a failure is logged and
   * affects no other connection.
   *
   * @param visitor The visitor. If it stays out, its connection is closed.
   * @returns The admission, or `undefined` if it stays out.
   */
  async admit(visitor: Visitor): Promise<Admission | undefined> {
    this.#waiting.add(visitor.connection);
    try {
      return await this.#ask(visitor);
    } catch (error) {
      await this.#refuse(visitor, error);
      return undefined;
    } finally {
      this.#waiting.delete(visitor.connection);
    }
  }

  /**
   * Answers `BUSY` and closes. Never rejects.
   *
   * @param visitor The visitor.
   */
  async turnAway({ connection, ip }: Visitor): Promise<void> {
    this.#log.warn(
      formatAction("accept_connections", "fail", { ip, error: "BUSY" }),
    );
    this.#options.statistics.onRefusal("BUSY");
    this.#turnedAway.add(connection);
    try {
      await connection.hangUp(BUSY_FRAME);
    } catch (error) {
      this.#log.critical(formatAction("close_connection", "fail", {
        ip,
        error: messageOf(error),
      }));
    } finally {
      this.#turnedAway.delete(connection);
    }
  }

  /** Closes all connections that are not in. */
  stop(): void {
    this.#stopping.abort();
    for (const connection of this.#waiting) connection.close();
    for (const connection of this.#turnedAway) connection.close();
  }

  async #ask(visitor: Visitor): Promise<Admission> {
    const { connection, ip, handshake } = visitor;
    const { credentials } = this.#options;
    const frame = await this.#withinTime(connection, async () => {
      await handshake?.();
      return credentials ? await connection.readFrame() : undefined;
    });
    if (!credentials) return { agency: undefined };
    if (!frame) throw new Deno.errors.ConnectionReset("the peer has closed");
    if (frame.type !== MessageType.AUTH) {
      throw new UnauthorizedError(
        `a token comes first, not type ${frame.type}`,
      );
    }
    const { agency, token } = decodeAuth(frame.payload);
    if (!await credentials.isValid(agency, token)) {
      throw new UnauthorizedError(
        `that is no token of agency ${agency}`,
        agency,
      );
    }
    await connection.write(OK_FRAME);
    // Its token may have been removed in the meantime.
    if (!await credentials.isValid(agency, token)) {
      throw new Deno.errors.ConnectionAborted("the token was just removed");
    }
    this.#log.info(
      formatAction("authenticate", "success", { agency, ip }),
    );
    return { agency };
  }

  /** Closes the connection if a step takes too long. */
  async #withinTime<T>(
    connection: Connection,
    step: () => Promise<T>,
  ): Promise<T> {
    const { authTimeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      connection.close();
    }, authTimeoutMs);
    try {
      const result = await step();
      // A closed connection may also look like one that has come to its end.
      if (isLate) throw lateError(authTimeoutMs);
      return result;
    } catch (error) {
      throw isLate ? lateError(authTimeoutMs) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Logs why a connection is refused, and replies. Never rejects. */
  async #refuse({ connection, ip }: Visitor, error: unknown): Promise<void> {
    const isProtocolError = error instanceof ProtocolError;
    const isExpected = isProtocolError || isDisconnection(error);
    const line = formatAction("authenticate", "fail", {
      ip,
      agency: error instanceof UnauthorizedError ? error.agency : undefined,
      error: isProtocolError ? error.error : undefined,
      reason: isExpected || !(error instanceof Error)
        ? messageOf(error)
        : error.stack,
    });
    if (isExpected) this.#log.error(line);
    else this.#log.critical(line);
    try {
      if (isProtocolError) await this.#answer(connection, error);
    } catch (failure) {
      // It has closed already, which is what the refusal wanted.
      if (!isDisconnection(failure)) throw failure;
    } finally {
      connection.close();
    }
  }

  async #answer(
    connection: Connection,
    { error, message: reason }: ProtocolError,
  ): Promise<void> {
    this.#options.statistics.onRefusal(error);
    if (error === "UNAUTHORIZED") {
      await pause(REFUSAL_DELAY_MS, this.#stopping.signal);
    }
    await connection.hangUp(encodeError({ error, index: NO_INDEX, reason }));
  }
}

function lateError(timeoutMs: number): Error {
  return new Deno.errors.TimedOut(
    `Cannot let this connection in: it took longer than ${timeoutMs} ms`,
  );
}
