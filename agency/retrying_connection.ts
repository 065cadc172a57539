/**
 * The connection to the central, which is made again whenever it is lost.
 *
 * @module
 */

import { Connection, isDisconnection } from "../net/connection.ts";
import { startTls, type TlsClientOptions, type TlsStream } from "../net/tls.ts";
import { delay } from "../program/stop_signal.ts";
import { startRareTimer } from "../program/timer.ts";
import { messageOf } from "../program/errors.ts";
import { formatAction, getLogger } from "../program/logging.ts";
import { type Authentication, encodeAuth, ProtocolError } from "../protocol.ts";
import {
  type Address,
  formatAddress,
  formatAddresses,
} from "../program/setting.ts";
import {
  isOk,
  parseRefusal,
  readReply,
  RetryableError,
  UnrecoverableError,
} from "./replies.ts";

/** Options of a {@linkcode RetryingConnection}. */
export interface RetryingConnectionOptions {
  /** Addresses of the central, or of several centrals of one store. */
  addresses: readonly Address[];
  /** Largest number of failed attempts in a row. */
  maxAttempts: number;
  /** Wait after the first failed attempt, in milliseconds. */
  baseDelayMs: number;
  /** Longest wait for a reply, in milliseconds. */
  replyTimeoutMs: number;
  /**
   * The authorities trusted for TLS, as PEM. Without it the connection is plain.
   *
   * @default {undefined}
   */
  authorities?: readonly string[] | undefined;
  /**
   * What is sent first on each connection: the agency and its token.
   *
   * @default {undefined}
   */
  authentication?: Authentication | undefined;
  /** Aborts everything; its reason is thrown. */
  signal: AbortSignal;
}

/** An exchange of messages over one connection. */
export type Exchange<T> = (connection: Connection) => Promise<T>;

/** Longest wait between two attempts. */
const MAX_DELAY_MS = 10_000;

/**
 * Runs exchanges with the central, and reconnects when a connection is lost.
 */
export class RetryingConnection {
  readonly #options: RetryingConnectionOptions;
  readonly #log = getLogger();
  #failedAttempts = 0;
  /** Number of attempts to connect: each one takes the next address. */
  #attempts = 0;

  /**
   * Creates the object; {@linkcode run} connects.
   *
   * @param options The address and the limits.
   */
  constructor(options: RetryingConnectionOptions) {
    this.#options = options;
  }

  /**
   * Runs an exchange to its end. After a lost connection it starts again on a
   * new one.
   *
   * @param exchange What to do on each connection. It keeps track of what was
   * answered.
   * @returns The result of the exchange.
   * @throws {UnrecoverableError} If all attempts fail or the central breaks the
   * protocol.
   */
  async run<T>(
    exchange: Exchange<T>,
  ): Promise<T> {
    for (;;) {
      const result = await this.#attempt(exchange);
      if (result) return result.value;
    }
  }

  /** Resets the retry count after progress. */
  resetAttempts(): void {
    this.#failedAttempts = 0;
  }

  /**
   * Runs the exchange on one connection. If the connection is lost, waits for
   * the backoff time and returns `undefined`.
   */
  async #attempt<T>(
    exchange: Exchange<T>,
  ): Promise<{ value: T } | undefined> {
    const { signal } = this.#options;
    try {
      using connection = await this.#connect();
      const abort = () => connection.close();
      signal.addEventListener("abort", abort);
      try {
        await this.#authenticate(connection);
        const value = await exchange(connection);
        // A connection closed by the abort looks like one closed by the
        // central.
        signal.throwIfAborted();
        return { value };
      } finally {
        signal.removeEventListener("abort", abort);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ProtocolError) {
        throw new UnrecoverableError(messageOf(error), { cause: error });
      }
      if (!isDisconnection(error) && !(error instanceof RetryableError)) {
        throw error;
      }
      await this.#waitForNextAttempt(error);
      return undefined;
    }
  }

  /** The address of the last attempt. */
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

  /** Sends the agency's token, if it has one. */
  async #authenticate(connection: Connection): Promise<void> {
    const { authentication } = this.#options;
    if (!authentication) return;
    await connection.write(encodeAuth(authentication));
    const reply = await readReply(connection);
    if (!isOk(reply)) parseRefusal(reply);
  }

  async #waitForNextAttempt(error: unknown): Promise<void> {
    const { maxAttempts, baseDelayMs, signal } = this.#options;
    this.#failedAttempts++;
    this.#log.warn(formatAction("connect", "fail", {
      server_address: formatAddress(this.#address),
      attempt: this.#failedAttempts,
      error: messageOf(error),
    }));
    if (this.#failedAttempts >= maxAttempts) {
      throw new UnrecoverableError(
        `Cannot reach the central at ${
          formatAddresses(this.#options.addresses)
        }: ${maxAttempts} attempts in a row failed, the last one with: ${
          messageOf(error)
        }`,
        { cause: error },
      );
    }
    await delay(
      backoff(this.#failedAttempts, baseDelayMs, Math.random()),
      signal,
    );
  }
}

/**
 * Connects. Most failures are retryable: even a name that does not resolve may
 * do so later.
 */
async function openStream(
  address: Address,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  try {
    return await Deno.connect({ ...address, signal });
  } catch (cause) {
    // Neither a missing permission nor a malformed address gets better.
    if (
      cause instanceof Deno.errors.NotCapable || cause instanceof URIError
    ) {
      throw new UnrecoverableError(
        `Cannot connect to ${formatAddress(address)}: ${messageOf(cause)}`,
        { cause },
      );
    }
    throw new RetryableError(messageOf(cause), { cause });
  }
}

/** Runs the TLS handshake. Its failures are retryable: certificates change. */
async function encrypt(
  tcp: Deno.TcpConn,
  options: TlsClientOptions,
): Promise<TlsStream> {
  try {
    return await startTls(tcp, options);
  } catch (cause) {
    throw new RetryableError(messageOf(cause), { cause });
  }
}

/**
 * Returns the wait after a failed attempt. It doubles each time. Random jitter
 * shortens it by up to a half, so that agencies that lost the central at the
 * same moment do not all come back at the same moment.
 *
 * @param attempt Number of failed attempts in a row, 1 or more.
 * @param baseDelayMs Wait after the first failure, in milliseconds.
 * @param random A number from 0 to less than 1.
 * @returns The wait in milliseconds.
 */
export function backoff(
  attempt: number,
  baseDelayMs: number,
  random: number,
): number {
  const delay = Math.min(baseDelayMs * 2 ** (attempt - 1), MAX_DELAY_MS);
  return delay * (1 - random / 2);
}
