/**
 * Asks for the agency's winners and waits for the draw.
 *
 * @module
 */

import type { Connection } from "../net/connection.ts";
import { errorCodeName, MessageType } from "../protocol.ts";
import {
  decodeWinners,
  encodeWinnersQuery,
} from "../protocol/winners_frame.ts";
import {
  parseRefusal,
  readReply,
  UnrecoverableError,
} from "./retrying_connection.ts";

/**
 * Sends the query.
 *
 * @param connection A connection that carries nothing else.
 * @param agency The agency's id.
 */
export async function askForWinners(
  connection: Connection,
  agency: number,
): Promise<void> {
  await connection.write(encodeWinnersQuery(agency));
}

/**
 * Waits for the draw and reads the winners.
 *
 * @param connection The connection on which the query was sent.
 * @returns The documents, in the order in which the bets were stored.
 * @throws {UnrecoverableError} If the agency does not take part in a draw.
 */
export async function readWinners(connection: Connection): Promise<string[]> {
  const winners: string[] = [];
  for (;;) {
    const reply = await readReply(connection);
    if (reply.type !== MessageType.WINNERS) {
      const { code, reason } = parseRefusal(reply);
      throw new UnrecoverableError(
        `Cannot ask for the winners: the central answered ${
          errorCodeName(code)
        }: ${reason}`,
      );
    }
    const { isLast, documents } = decodeWinners(reply.payload);
    for (const document of documents) winners.push(document);
    if (isLast) return winners;
  }
}
