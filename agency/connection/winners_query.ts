import { type Connection, isDisconnection } from "../../net/connection.ts";
import { ProgramError } from "../../program/errors.ts";
import {
  decodeWinners,
  encodeWinnersQuery,
  MessageType,
} from "../../protocol/mod.ts";
import {
  decodeRefusal,
  errorOf,
  readReply,
  RetryableError,
} from "./replies.ts";
import { AGAIN, type Exchange } from "./retrying_connection.ts";

/** A stored document. Anything else may be sequences for a terminal. */
const DOCUMENT_REGEXP = /^[0-9]{1,20}$/;

/**
 * Asks for the winners, in the order in which the bets were stored, and waits
 * for the draw. That may take days, in which the central may restart many
 * times, so a query that is lost, not refused, does not count as a failed
 * attempt.
 */
export function winnersQuery(agency: number): Exchange<string[]> {
  return async (connection, progress) => {
    try {
      await connection.write(encodeWinnersQuery(agency));
      return await readWinners(connection);
    } catch (error) {
      if (!isServedWait(error)) throw error;
      progress();
      // Either the draw is not held yet or the central's machine is gone: a new
      // connection will show.
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
    for (const document of documents) {
      if (!DOCUMENT_REGEXP.test(document)) {
        throw new ProgramError(
          "Cannot go on: the central sent a winner that is not 1 to 20 digits",
        );
      }
      winners.push(document);
    }
    if (isLast) return winners;
  }
}
