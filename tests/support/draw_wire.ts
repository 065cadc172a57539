// What an agency says around the draw, by hand and from docs/protocol.md alone.

import { assertEquals } from "@std/assert";
import { agencyFrame, betFrame, type BetRow, Type } from "./frames.ts";
import { Wire } from "./wire.ts";

/** The type byte of a WINNERS. */
export const WINNERS = 6;
const DOCUMENTS_AT = 3;

export function betOf(document: string, number = "7574"): BetRow {
  return ["Ana", "Gil", document, "1999-03-17", number];
}

/** Sends bets in one batch and asserts that they are stored. */
export async function sendBets(
  port: number,
  agency: number,
  rows: readonly BetRow[],
  betIndex = 0,
): Promise<void> {
  using wire = await Wire.connect(port);
  const reply = await wire.ask(betFrame({ agency, betIndex, rows }));
  assertEquals(reply?.type, Type.OK);
}

/** Says that an agency has no more bets, and asserts that it is taken. */
export async function finish(port: number, agency: number): Promise<void> {
  using wire = await Wire.connect(port);
  const reply = await wire.ask(agencyFrame(Type.FINISH, agency));
  assertEquals(reply?.type, Type.OK);
  assertEquals(await wire.reply(), null);
}

/** Asks for an agency's winners on a connection of its own. */
export async function askWinners(
  port: number,
  agency: number,
): Promise<string[]> {
  using wire = await Wire.connect(port);
  await wire.send(agencyFrame(Type.WINNERS_QUERY, agency));
  return (await readWinners(wire)).flat();
}

/** Waits for a list of winners, and asserts that it is one. */
export async function readWinners(wire: Wire): Promise<string[][]> {
  const lists: string[][] = [];
  for (;;) {
    const reply = await wire.reply();
    assertEquals(reply?.type, WINNERS);
    const { isLast, documents } = decodeWinners(reply!.payload);
    lists.push(documents);
    if (isLast) return lists;
  }
}

/** Decodes one part of a list of winners. */
export function decodeWinners(
  payload: Uint8Array<ArrayBuffer>,
): { isLast: boolean; documents: string[] } {
  const count = new DataView(payload.buffer).getUint16(1);
  const documents: string[] = [];
  let at = DOCUMENTS_AT;
  for (let index = 0; index < count; index++) {
    const start = at + 1;
    at = start + payload[at]!;
    documents.push(new TextDecoder().decode(payload.subarray(start, at)));
  }
  assertEquals(at, payload.length, "bytes of the payload");
  return { isLast: payload[0] === 1, documents };
}
