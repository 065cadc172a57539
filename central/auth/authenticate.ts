// Authenticates a connection: the TLS handshake, then the agency's token if
// there are credentials.

import type { Connection } from "../../net/connection.ts";
import {
  decodeAuth,
  MessageType,
  OK_FRAME,
  ProtocolError,
} from "../../protocol/mod.ts";
import type { Credentials } from "./credentials.ts";

export interface PendingConnection {
  readonly connection: Connection;
  readonly ip: string;
  /** `undefined` without TLS. */
  handshake(): Promise<void> | undefined;
  /** The agency whose token was sent, valid or not. */
  agency?: number | undefined;
}

export interface AuthenticationOptions {
  /** Without them only the handshake has to succeed. */
  credentials?: Credentials | undefined;
  authTimeoutMs: number;
}

/**
 * Authenticates a connection, and answers its AUTH with OK. Throws a
 * `ProtocolError` for a wrong or missing token, `UnexpectedEof` if the peer
 * closes first, `TimedOut` if it takes too long.
 */
export async function authenticate(
  pending: PendingConnection,
  { credentials, authTimeoutMs }: AuthenticationOptions,
): Promise<void> {
  const { connection } = pending;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    connection.close();
  }, authTimeoutMs);
  try {
    await pending.handshake();
    if (credentials) await checkToken(pending, credentials);
  } catch (error) {
    // A connection closed by the timer looks like one closed by the peer.
    if (!isLate) throw error;
    throw new Deno.errors.TimedOut(
      `Cannot authenticate: it took longer than ${authTimeoutMs} ms`,
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
  }
  if (!credentials) return;
  await connection.write(OK_FRAME);
  if (connection.hasEnded) {
    throw new Deno.errors.ConnectionAborted("the token was revoked just now");
  }
}

async function checkToken(
  pending: PendingConnection,
  credentials: Credentials,
): Promise<void> {
  const frame = await pending.connection.readFrame();
  if (!frame) {
    throw new Deno.errors.UnexpectedEof("the peer closed before its token");
  }
  if (frame.type !== MessageType.AUTH) {
    throw unauthorized(
      `this central requires a token (CLI_TOKEN or agency.tokenFile), got a frame of type ${frame.type}`,
    );
  }
  const { agency, token } = decodeAuth(frame.payload);
  // From now on, a change of the agency's token closes the connection.
  pending.agency = agency;
  if (!await credentials.isValid(agency, token)) {
    throw unauthorized(`that is not agency ${agency}'s token`);
  }
}

/** The message goes to the peer. */
function unauthorized(reason: string): ProtocolError {
  return new ProtocolError("UNAUTHORIZED", `Cannot authenticate: ${reason}`);
}
