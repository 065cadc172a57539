/**
 * Asks for the agency's winners and waits for the draw.
 *
 * @module
 */

import { type Connection, isDisconnection } from "../../net/connection.ts";
import {
  decodeWinners,
  encodeWinnersQuery,
  MessageType,
} from "../../protocol.ts";
import {
  decodeRefusal,
  errorOf,
  readReply,
  RetryableError,
} from "./replies.ts";
import { AGAIN, type Exchange } from "./retrying_connection.ts";

/**
 * Asks for the winners and waits for the draw, which may be days away: the
 * central may restart many times meanwhile. So a query that was lost, not
 * refused, is a wait that was served, and no failed attempt.
 *
 * The documents come in the order in which the bets were stored.
 */
export function winnersQuery(agency: number): Exchange<string[]> {
  return async (connection, progress) => {
    try {
      await connection.write(encodeWinnersQuery(agency));
      return await readWinners(connection);
    } catch (error) {
      if (!isServedWait(error)) throw error;
      progress();
      // The draw is not held yet, or the central's machine died without a word:
      // asking again on a new connection tells.
      if (error instanceof Deno.errors.TimedOut) return AGAIN;
      throw error;
    }
  };
}

function isServedWait(error: unknown): boolean {
  return isDisconnection(error) ||
    error instanceof RetryableError && error.error === "SHUTTING_DOWN";
}

async function readWinners(connection: Connection): Promise<string[]> {
  const winners: string[] = [];
  for (;;) {
    const reply = await readReply(connection);
    if (reply.type !== MessageType.WINNERS) {
      throw errorOf(decodeRefusal(reply), "Cannot ask for the winners");
    }
    const { isLast, documents } = decodeWinners(reply.payload);
    for (const document of documents) winners.push(document);
    if (isLast) return winners;
  }
}
