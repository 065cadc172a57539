// Connections that are being authenticated or rejected.

import { isDisconnection } from "../../net/disconnection.ts";
import { messageOf, stackOf } from "../../program/errors.ts";
import { formatAction, getLogger } from "../../program/logging.ts";
import { pause } from "../../program/timer.ts";
import { encodeError, NO_INDEX, ProtocolError } from "../../protocol/mod.ts";
import {
  authenticate,
  type AuthenticationOptions,
  type PendingConnection,
} from "./authenticate.ts";
import type { Statistics } from "../statistics.ts";

export interface PendingOptions extends AuthenticationOptions {
  maxConnections: number;
  statistics: Statistics;
  onAuthenticated(pending: PendingConnection): void;
}

/** Part of all connections that may be pending at once. */
const PENDING_PART = 1 / 4;
const MIN_PENDING = 16;
/** Wait before a wrong token is answered, to slow down guessing. */
const REJECTION_DELAY_MS = 1000;
/** The peer has left, as a probe does. */
const DEPARTURES = [
  Deno.errors.UnexpectedEof,
  Deno.errors.ConnectionReset,
  Deno.errors.BrokenPipe,
  Deno.errors.NotConnected,
];

const BUSY = new ProtocolError("BUSY", "Cannot serve: too many connections");

/** Authenticates connections, or rejects them. Its methods never reject. */
export class PendingConnections {
  readonly #options: PendingOptions;
  readonly #log = getLogger();
  readonly #authenticating = new Set<PendingConnection>();
  readonly #rejecting = new Set<PendingConnection>();
  readonly #stopping = new AbortController();

  constructor(options: PendingOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#authenticating.size + this.#rejecting.size;
  }

  /**
   * True if one more connection is too many, besides this number of served
   * ones.
   */
  isFull(served: number): boolean {
    const { maxConnections } = this.#options;
    const { size } = this.#authenticating;
    const maxPending = Math.max(MIN_PENDING, maxConnections * PENDING_PART);
    return served + size >= maxConnections || size >= maxPending;
  }

  /** Authenticates a connection, or answers why not and closes it. */
  async authenticate(pending: PendingConnection): Promise<void> {
    this.#authenticating.add(pending);
    try {
      const { credentials, authTimeoutMs } = this.#options;
      await authenticate(pending, { credentials, authTimeoutMs });
      const { agency, ip } = pending;
      if (agency !== undefined) {
        this.#log.info(
          formatAction("authenticate", "success", { agency, ip }),
        );
      }
      this.#options.onAuthenticated(pending);
    } catch (error) {
      this.#logFailure(pending, error);
      if (error instanceof ProtocolError) await this.#reject(pending, error);
      pending.connection.close();
    } finally {
      this.#authenticating.delete(pending);
    }
  }

  async rejectBusy(pending: PendingConnection): Promise<void> {
    const { ip } = pending;
    this.#log.warn(
      formatAction("accept_connections", "fail", { ip, error: "BUSY" }),
    );
    this.#rejecting.add(pending);
    await this.#reject(pending, BUSY);
    this.#rejecting.delete(pending);
  }

  /**
   * Closes the connections of these agencies. Returns the agencies that had
   * one.
   */
  revoke(agencies: ReadonlySet<number>): number[] {
    const revoked: number[] = [];
    for (const { agency, connection } of this.#authenticating) {
      if (agency === undefined || !agencies.has(agency)) continue;
      connection.close();
      revoked.push(agency);
    }
    return revoked;
  }

  stop(): void {
    this.#stopping.abort();
    for (const { connection } of this.#authenticating) connection.close();
    for (const { connection } of this.#rejecting) connection.close();
  }

  async #reject(
    { connection, ip }: PendingConnection,
    { error, message: reason }: ProtocolError,
  ): Promise<void> {
    this.#options.statistics.onRefusal(error);
    if (error === "UNAUTHORIZED") {
      await pause(REJECTION_DELAY_MS, this.#stopping.signal);
    }
    try {
      const frame = encodeError({ error, index: NO_INDEX, reason });
      await connection.hangUp(frame);
    } catch (bug) {
      this.#log.critical(formatAction("close_connection", "fail", {
        ip,
        error: stackOf(bug),
      }));
    }
  }

  #logFailure({ ip, agency }: PendingConnection, error: unknown): void {
    const name = error instanceof ProtocolError ? error.error : undefined;
    const isExpected = name !== undefined || isDisconnection(error);
    const line = formatAction("authenticate", "fail", {
      ip,
      agency: name === "UNAUTHORIZED" ? agency : undefined,
      error: name,
      reason: isExpected ? messageOf(error) : stackOf(error),
    });
    if (!isExpected) this.#log.critical(line);
    else if (DEPARTURES.some((kind) => error instanceof kind)) {
      this.#log.info(line);
    } else this.#log.error(line);
  }
}
