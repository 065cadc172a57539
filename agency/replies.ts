/**
 * What the central's replies mean for the agency: go on, try again later, or
 * give up.
 *
 * @module
 */

import type { Connection } from "../net/connection.ts";
import {
  decodeError,
  ErrorCode,
  errorCodeName,
  type Frame,
  MessageType,
  type Refusal,
} from "../protocol.ts";

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
export class RetryableError extends Error {
  /**
   * Creates the error.
   *
   * @param message What could not be done.
   * @param options The cause.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RetryableError";
  }
}

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
 * @throws {RetryableError} If a later attempt on another connection may
 * succeed.
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
