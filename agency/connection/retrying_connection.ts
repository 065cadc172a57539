// The connection to the central, which reconnects when it is lost.

import { Connection } from "../../net/connection.ts";
import { isDisconnection } from "../../net/disconnection.ts";
import type { TlsClientOptions, TlsStream } from "../../net/tls.ts";
import { delay, startRareTimer } from "../../program/timer.ts";
import { messageOf, ProgramError } from "../../program/errors.ts";
import { formatAction, getLogger } from "../../program/logging.ts";
import {
  type Authentication,
  encodeAuth,
  ProtocolError,
} from "../../protocol/mod.ts";
import {
  type Address,
  formatAddress,
  formatAddresses,
} from "../../program/config/setting.ts";
import { backoff, formatWait, waitLeft } from "./backoff.ts";
import {
  decodeRefusal,
  errorOf,
  isOk,
  readReply,
  RetryableError,
} from "./replies.ts";

export interface RetryingConnectionOptions {
  addresses: readonly Address[];
  maxAttempts: number;
  /** Wait after the first failed attempt. */
  baseDelayMs: number;
  replyTimeoutMs: number;
  /** The trusted authorities as PEM. Without them the connection is plain. */
  authorities?: readonly string[] | undefined;
  authentication?: Authentication | undefined;
  /** Aborts everything; its reason is thrown. */
  signal: AbortSignal;
}

/** Returned by an exchange to be run again at once, on a new connection. */
export const AGAIN: unique symbol = Symbol("again");

/**
 * An exchange of messages over a connection. If the connection is lost, it is
 * called again with a new one, so it must keep track of what was answered. It
 * calls `progress` after each success, which resets the failed attempts.
 */
export type Exchange<T> = (
  connection: Connection,
  progress: () => void,
) => Promise<T | typeof AGAIN>;

/**
 * Runs exchanges with the central, and reconnects when a connection is lost.
 */
export class RetryingConnection {
  readonly #options: RetryingConnectionOptions;
  readonly #log = getLogger();
  #failedAttempts = 0;
  /** Number of connection attempts; each one uses the next address. */
  #attempts = 0;

  constructor(options: RetryingConnectionOptions) {
    this.#options = options;
  }

  /**
   * Runs an exchange to its end, on as many connections as it takes. Throws an
   * `UnreachableError` after too many failed attempts in a row, a
   * `ProgramError` if the central breaks the protocol.
   */
  async run<T>(exchange: Exchange<T>): Promise<T> {
    for (;;) {
      try {
        const result = await this.#attempt(exchange);
        if (result !== AGAIN) return result;
      } catch (error) {
        await this.#waitForNextAttempt(error);
      }
    }
  }

  /**
   * Throws a disconnection error or a `RetryableError` if another attempt may
   * succeed. Any other error is final.
   */
  async #attempt<T>(exchange: Exchange<T>): Promise<T | typeof AGAIN> {
    const { signal } = this.#options;
    using connection = await this.#connect();
    const abort = () => connection.close();
    signal.addEventListener("abort", abort);
    try {
      await this.#authenticate(connection);
      return await exchange(connection, () => this.#failedAttempts = 0);
    } finally {
      signal.removeEventListener("abort", abort);
      // A connection closed by the abort looks like one closed by the central.
      signal.throwIfAborted();
    }
  }

  get #address(): Address {
    const { addresses } = this.#options;
    return addresses[(this.#attempts - 1) % addresses.length]!;
  }

  async #connect(): Promise<Connection> {
    const { signal, replyTimeoutMs, authorities } = this.#options;
    this.#attempts++;
    const address = this.#address;
    const tcp = await openStream(address, signal);
    tcp.setNoDelay(true);
    tcp.setKeepAlive(true);
    const stream = authorities
      ? await encrypt(tcp, {
        hostname: address.hostname,
        authorities,
        timeoutMs: replyTimeoutMs,
      })
      : tcp;
    this.#log.debug(() =>
      formatAction("connect", "success", {
        server_address: formatAddress(address),
      })
    );
    return new Connection(stream, {
      idleTimeoutMs: replyTimeoutMs,
      startTimer: startRareTimer,
    });
  }

  async #authenticate(connection: Connection): Promise<void> {
    const { authentication } = this.#options;
    if (!authentication) return;
    await connection.write(encodeAuth(authentication));
    const reply = await readReply(connection);
    if (!isOk(reply)) throw errorOf(decodeRefusal(reply));
  }

  async #waitForNextAttempt(error: unknown): Promise<void> {
    const { addresses, maxAttempts, baseDelayMs, signal } = this.#options;
    signal.throwIfAborted();
    if (error instanceof ProtocolError) {
      throw new ProgramError(
        `Cannot continue with ${
          formatAddress(this.#address)
        }, which may not be a central: ${messageOf(error)}`,
        { cause: error },
      );
    }
    if (!isDisconnection(error) && !(error instanceof RetryableError)) {
      throw error;
    }
    const attempt = ++this.#failedAttempts;
    const isLast = attempt >= maxAttempts;
    this.#log.warn(formatAction("connect", "fail", {
      server_address: formatAddress(this.#address),
      attempt,
      error: messageOf(error),
      gives_up: isLast
        ? "now"
        : `in about ${formatWait(waitLeft(attempt, maxAttempts, baseDelayMs))}`,
    }));
    if (isLast) {
      throw new UnreachableError(
        `Cannot reach the central at ${
          formatAddresses(addresses)
        }: ${maxAttempts} attempts in a row failed, the last one with: ${
          messageOf(error)
        }; nothing is lost: run it again to go on`,
        { cause: error },
      );
    }
    await delay(backoff(attempt, baseDelayMs, Math.random()), signal);
  }
}

/** All attempts failed. No bet is lost: the same call continues the delivery. */
export class UnreachableError extends ProgramError {
  /** The name of the class. */
  override readonly name = "UnreachableError";
}

/**
 * Treats most failures as retryable: even a host name that does not resolve may
 * do so later.
 */
async function openStream(
  address: Address,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  try {
    return await Deno.connect({ ...address, signal });
  } catch (cause) {
    // Retrying does not help against a missing permission or a malformed
    // address.
    if (
      cause instanceof Deno.errors.NotCapable || cause instanceof URIError
    ) {
      throw new ProgramError(
        `Cannot connect to ${formatAddress(address)}: ${messageOf(cause)}`,
        { cause },
      );
    }
    throw new RetryableError(messageOf(cause), { cause });
  }
}

/** Treats failures as retryable: the central may get another certificate. */
async function encrypt(
  tcp: Deno.TcpConn,
  options: TlsClientOptions,
): Promise<TlsStream> {
  const { startTls } = await import("../../net/tls.ts");
  try {
    return await startTls(tcp, options);
  } catch (cause) {
    throw new RetryableError(messageOf(cause), { cause });
  }
}
