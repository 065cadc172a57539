// Decides what a reply of the central means: continue, retry later, or give up.

import type { Connection } from "../../net/connection.ts";
import { ProgramError } from "../../program/errors.ts";
import {
  decodeError,
  decodeOk,
  type Frame,
  meaningOf,
  MessageType,
  type PeerErrorName,
  type Refusal,
} from "../../protocol/mod.ts";

/** A refusal that retrying cannot change. */
export class RefusedError extends ProgramError {
  /** The name of the class. */
  override readonly name = "RefusedError";
  /** The error's name in the protocol, such as `UNAUTHORIZED`. */
  readonly error: string;

  /** The central's explanation is part of the message. */
  constructor(
    message: string,
    { error, reason }: { error: string; reason: string },
  ) {
    super(`${message}: the central answered ${error}: ${reason}`);
    this.error = error;
  }
}

/** A failure worth retrying. */
export class RetryableError extends Error {
  override readonly name = "RetryableError";
  readonly error: PeerErrorName | undefined;

  /** `error` is set if the central has reported it. */
  constructor(
    message: string,
    options: ErrorOptions & { error?: PeerErrorName } = {},
  ) {
    super(message, options);
    this.error = options.error;
  }
}

/** True for an OK. `decodeOk` decodes its payload. */
export function isOk({ type, payload }: Frame): boolean {
  if (type !== MessageType.OK) return false;
  decodeOk(payload);
  return true;
}

/** Throws `ConnectionReset` if the central closes instead of replying. */
export async function readReply(connection: Connection): Promise<Frame> {
  const reply = await connection.readFrame();
  if (reply) return reply;
  throw new Deno.errors.ConnectionReset(
    "Cannot read reply: the central has closed the connection",
  );
}

/**
 * Decodes a reply other than OK. Throws a `ProgramError` if it is not an ERROR.
 */
export function decodeRefusal(reply: Frame): Refusal {
  if (reply.type === MessageType.ERROR) return decodeError(reply.payload);
  throw new ProgramError(
    `Cannot continue: the central sent a reply of type ${reply.type} with ${reply.payload.length} bytes, expected another or an ERROR`,
  );
}

export function errorOf(
  refusal: Refusal,
  message = "Cannot continue",
): RefusedError | RetryableError {
  const { error, reason } = refusal;
  return meaningOf(error).retry
    ? new RetryableError(`${error}: ${reason}`, { error })
    : new RefusedError(message, refusal);
}

/**
 * The error for a reply that nothing was sent for. A central that is stopping
 * sends SHUTTING_DOWN after its last reply.
 */
export function errorOfExtra(reply: Frame): Error {
  const refusal = isOk(reply) ? undefined : decodeRefusal(reply);
  if (refusal && meaningOf(refusal.error).closes) return errorOf(refusal);
  return new ProgramError(
    `Cannot continue: the central sent an unexpected extra reply of type ${reply.type}`,
  );
}
