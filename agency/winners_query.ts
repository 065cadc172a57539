/**
 * Asks for the agency's winners and waits for the draw.
 *
 * @module
 */

import type { Connection } from "../net/connection.ts";
import { decodeWinners, encodeWinnersQuery, MessageType } from "../protocol.ts";
import { parseRefusal, readReply, UnrecoverableError } from "./replies.ts";

/**
 * Asks for the winners and waits for the draw.
 *
 * @param connection A connection that carries nothing else.
 * @param agency The agency's id.
 * @returns The documents, in the order in which the bets were stored, or
 * `undefined` if nothing came within the connection's time limit. Then the draw
 * may not be held yet, or the central's machine may have died without a word:
 * asking again on a new connection tells.
 * @throws {UnrecoverableError} If the agency does not take part in a draw.
 */
export async function askForWinners(
  connection: Connection,
  agency: number,
): Promise<string[] | undefined> {
  await connection.write(encodeWinnersQuery(agency));
  try {
    return await readWinners(connection);
  } catch (error) {
    if (error instanceof Deno.errors.TimedOut) return undefined;
    throw error;
  }
}

async function readWinners(connection: Connection): Promise<string[]> {
  const winners: string[] = [];
  for (;;) {
    const reply = await readReply(connection);
    if (reply.type !== MessageType.WINNERS) {
      const { error, reason } = parseRefusal(reply);
      throw new UnrecoverableError(
        `Cannot ask for the winners: the central answered ${error}: ${reason}`,
      );
    }
    const { isLast, documents } = decodeWinners(reply.payload);
    for (const document of documents) winners.push(document);
    if (isLast) return winners;
  }
}
