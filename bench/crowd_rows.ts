/**
 * The bets of each agency of a crowd: the same for all, so that they need not be
 * kept for each.
 *
 * @module
 */

import { madeAgency } from "../tools/made_bets.ts";

/** Bets in a batch. */
export const BATCH_BETS = 150;

/** Makes the bets of so many batches: lines without ends, no field quoted. */
export function crowdRows(batches: number): string[] {
  const chunks = [...madeAgency(1, batches * BATCH_BETS)];
  const decoder = new TextDecoder();
  const text = chunks.map((chunk) => decoder.decode(chunk)).join("");
  return text.split("\r\n").slice(0, -1);
}
