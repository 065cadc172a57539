/**
 * The agency's way to the central, over as many connections as it takes.
 *
 * @module
 */

import { Connection, isDisconnection } from "../net/connection.ts";
import { delay } from "../program/delay.ts";
import { messageOf } from "../program/errors.ts";
import { action, getLogger } from "../program/logging.ts";
import {
  decodeError,
  ErrorCode,
  errorCodeName,
  type Frame,
  MessageType,
  ProtocolError,
  type Refusal,
} from "../protocol.ts";
import { type Address, formatAddress } from "../program/setting.ts";
import { backoff } from "./backoff.ts";

/** The agency cannot go on, whatever it tries. */
export class UnrecoverableError extends Error {
  /**
   * Creates the error.
   *
   * @param message What could not be done.
   * @param options The cause.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UplinkError";
  }
}

/** The central has no use for us now, but may have later. */
class RetryableError extends Error {
  override name = "LaterError";
}

/** Options of an {@linkcode RetryingConnection}. */
export interface RetryingConnectionOptions {
  /** Where the central is. */
  address: Address;
  /** Attempts in a row to get something done. */
  maxAttempts: number;
  /** Milliseconds before the second attempt. */
  baseDelayMs: number;
  /** Milliseconds that the central may take over a reply. */
  replyTimeoutMs: number;
  /** Ends it all, with its reason as the error. */
  signal: AbortSignal;
}

/** Options of {@linkcode RetryingConnection.converse}. */
export interface ExchangeOptions {
  /**
   * Whether to wait for a reply however long it takes.
   *
   * @default {false}
   */
  isPatient?: boolean;
}

/** What is said on one connection. */
export type Exchange<T> = (connection: Connection) => Promise<T>;

/** Refusals after which the same may be taken later. */
const LATER_CODES: ReadonlySet<number> = new Set([
  ErrorCode.STORAGE,
  ErrorCode.SHUTTING_DOWN,
  ErrorCode.BUSY,
]);
/** Refusals of what was asked, after which the connection goes on. */
const ANSWER_CODES: ReadonlySet<number> = new Set([
  ErrorCode.INVALID_BET,
  ErrorCode.BETTING_CLOSED,
  ErrorCode.UNKNOWN_AGENCY,
]);

/** Connects, and connects again when a connection is lost. */
export class RetryingConnection {
  readonly #options: RetryingConnectionOptions;
  readonly #log = getLogger();
  #failedAttempts = 0;

  /**
   * Creates the way; nothing is connected yet.
   *
   * @param options Where to, and how patiently.
   */
  constructor(options: RetryingConnectionOptions) {
    this.#options = options;
  }

  /**
   * Holds a conversation to its end, from its start on each new connection.
   *
   * @param conversation What is said; it knows what was answered before.
   * @param options How patient to be.
   * @returns What the conversation came to.
   * @throws {UplinkError} If all attempts fail or the central breaks the
   * protocol.
   */
  async run<T>(
    conversation: Exchange<T>,
    options: ExchangeOptions = {},
  ): Promise<T> {
    for (;;) {
      const result = await this.#attempt(conversation, options);
      if (result) return result.value;
    }
  }

  /** Says that something got done: the attempts are counted anew. */
  progress(): void {
    this.#failedAttempts = 0;
  }

  /**
   * Holds a conversation on one connection. If that is lost, waits as long as
   * there should be between two attempts, and gives `undefined`.
   */
  async #attempt<T>(
    conversation: Exchange<T>,
    options: ExchangeOptions,
  ): Promise<{ value: T } | undefined> {
    const { signal } = this.#options;
    try {
      using connection = await this.#connect(options);
      const abort = () => connection.close();
      signal.addEventListener("abort", abort);
      try {
        const value = await conversation(connection);
        // What this side has closed itself looks like an end of the central's.
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

  async #connect(
    { isPatient = false }: ExchangeOptions,
  ): Promise<Connection> {
    const { address, signal, replyTimeoutMs } = this.#options;
    const stream = await openStream(address, signal);
    stream.setNoDelay(true);
    stream.setKeepAlive(true);
    this.#log.debug(() =>
      action("connect", "success", { server_address: formatAddress(address) })
    );
    return new Connection(
      stream,
      isPatient ? {} : {
        idleTimeoutMs: replyTimeoutMs,
      },
    );
  }

  async #waitForNextAttempt(error: unknown): Promise<void> {
    const { maxAttempts, baseDelayMs, signal } = this.#options;
    const address = formatAddress(this.#options.address);
    this.#failedAttempts++;
    this.#log.warn(action("connect", "fail", {
      server_address: address,
      intento: this.#failedAttempts,
      error: messageOf(error),
    }));
    if (this.#failedAttempts >= maxAttempts) {
      throw new UnrecoverableError(
        `Cannot reach the central at ${address}: ${maxAttempts} attempts in a row failed, the last one with: ${
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

/** Whatever keeps us from the central, a name not found too, may pass. */
async function openStream(
  address: Address,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  try {
    return await Deno.connect({ ...address, signal });
  } catch (cause) {
    throw new RetryableError(messageOf(cause), { cause });
  }
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
 * Takes a reply that is not the one hoped for.
 *
 * @param reply The reply.
 * @returns The refusal of what was asked, after which the connection goes on.
 * @throws {UplinkError} If it is no refusal, or one of us rather than of what
 * was asked.
 * @throws {Error} If the central may take it later, on another connection.
 */
export function parseRefusal(reply: Frame): Refusal {
  if (reply.type !== MessageType.ERROR) {
    throw new UnrecoverableError(
      `Cannot go on: the central sent a reply of type ${reply.type} with ${reply.payload.length} bytes, expected another or an ERROR`,
    );
  }
  const refusal = decodeError(reply.payload);
  if (ANSWER_CODES.has(refusal.code)) return refusal;
  const text = `${errorCodeName(refusal.code)}: ${refusal.reason}`;
  if (LATER_CODES.has(refusal.code)) throw new RetryableError(text);
  throw new UnrecoverableError(`Cannot go on: the central answered ${text}`);
}
