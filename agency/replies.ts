/**
 * What the central's replies mean for the agency: go on, try again later, or
 * give up.
 *
 * @module
 */

import type { Connection } from "../net/connection.ts";
import {
  decodeError,
  decodeOk,
  type Frame,
  meaningOf,
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

/**
 * True for an OK.
 *
 * @throws {ProtocolError} If its payload is malformed.
 */
export function isOk({ type, payload }: Frame): boolean {
  if (type !== MessageType.OK) return false;
  decodeOk(payload);
  return true;
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
  const { closes, retry } = meaningOf(refusal.error);
  if (!closes) return refusal;
  const text = `${refusal.error}: ${refusal.reason}`;
  if (retry) throw new RetryableError(text);
  throw new UnrecoverableError(`Cannot go on: the central answered ${text}`);
}
