import type { Connection } from "../../net/connection.ts";
import { isDisconnection } from "../../net/disconnection.ts";
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

/** A stored document. Anything else may contain terminal escape sequences. */
const DOCUMENT_REGEXP = /^[0-9]{1,20}$/;

/**
 * Guards against a central that never stops sending. A winner takes up to 50
 * bytes of memory, so this many take half a gigabyte, of the 4 that V8 may use.
 * The largest file that was measured has as many bets.
 */
const MAX_WINNERS = 10_000_000;

/**
 * Waits for the draw, and returns the winners in the order in which their bets
 * were stored. The wait may take days, in which the central may restart many
 * times, so losing the connection during it does not count as a failed attempt;
 * a refusal does.
 */
export function winnersQuery(
  agency: number,
  maxWinners = MAX_WINNERS,
): Exchange<string[]> {
  return async (connection, progress) => {
    await connection.write(encodeWinnersQuery(agency));
    try {
      return await readWinners(connection, maxWinners);
    } catch (error) {
      if (!isServedWait(error)) throw error;
      progress();
      // Either the draw is not held yet, or the central cannot be reached: a new
      // connection shows which.
      if (error instanceof Deno.errors.TimedOut) return AGAIN;
      throw error;
    }
  };
}

function isServedWait(error: unknown): boolean {
  return isDisconnection(error) ||
    error instanceof RetryableError && error.error === "SHUTTING_DOWN";
}

async function readWinners(
  connection: Connection,
  maxWinners: number,
): Promise<string[]> {
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
    if (winners.length > maxWinners) {
      throw new ProgramError(
        `Cannot go on: the central sent more than ${maxWinners} winners`,
      );
    }
    if (isLast) return winners;
  }
}
