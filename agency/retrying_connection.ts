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
import { action, getLogger } from "../program/logging.ts";
import {
  type Authentication,
  decodeError,
  encodeAuth,
  ErrorCode,
  errorCodeName,
  type Frame,
  MessageType,
  ProtocolError,
  type Refusal,
} from "../protocol.ts";
import {
  type Address,
  formatAddress,
  formatAddresses,
} from "../program/setting.ts";

/** A failure that no further attempt can fix. */
export class UnrecoverableError extends Error {
  /**
   * Creates the error.
   *
   * @param message What could not be done.
   * @param options The cause.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UnrecoverableError";
  }
}

/** A failure that a later attempt may not have. */
class RetryableError extends Error {
  override name = "RetryableError";
}

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
/** Refusals after which a later attempt may succeed. */
const LATER_CODES: ReadonlySet<number> = new Set([
  ErrorCode.STORAGE,
  ErrorCode.SHUTTING_DOWN,
  ErrorCode.BUSY,
]);
/** Refusals of one request, after which the connection stays usable. */
const USABLE_CODES: ReadonlySet<number> = new Set([
  ErrorCode.INVALID_BET,
  ErrorCode.BETTING_CLOSED,
  ErrorCode.UNKNOWN_AGENCY,
]);

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
      action("connect", "success", { server_address: formatAddress(address) })
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
    this.#log.warn(action("connect", "fail", {
      server_address: formatAddress(this.#address),
      intento: this.#failedAttempts,
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
 * True for an OK.
 *
 * @param reply The reply.
 * @returns Whether it is a well-formed OK.
 */
export function isOk({ type, payload }: Frame): boolean {
  return type === MessageType.OK && payload.length === 0;
}

/**
 * Waits for a reply.
 *
 * @param connection The connection.
 * @returns The reply.
 * @throws {Deno.errors.ConnectionReset} If the central closes instead.
 */
export async function readReply(connection: Connection): Promise<Frame> {
  const reply = await connection.readFrame();
  if (reply) return reply;
  throw new Deno.errors.ConnectionReset(
    "Cannot read reply: the central has closed the connection",
  );
}

/**
 * Decodes a reply that is not the expected one.
 *
 * @param reply The reply.
 * @returns The refusal, if only this request was refused and the connection
 * stays usable.
 * @throws {UnrecoverableError} If it is not a refusal, or says that this agency
 * is at fault.
 * @throws {Error} If a later attempt on another connection may succeed.
 */
export function parseRefusal(reply: Frame): Refusal {
  if (reply.type !== MessageType.ERROR) {
    throw new UnrecoverableError(
      `Cannot go on: the central sent a reply of type ${reply.type} with ${reply.payload.length} bytes, expected another or an ERROR`,
    );
  }
  const refusal = decodeError(reply.payload);
  if (USABLE_CODES.has(refusal.code)) return refusal;
  const text = `${errorCodeName(refusal.code)}: ${refusal.reason}`;
  if (LATER_CODES.has(refusal.code)) throw new RetryableError(text);
  throw new UnrecoverableError(`Cannot go on: the central answered ${text}`);
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
