/**
 * The bets that each agency of a crowd sends: the same ones, so that they need
 * not be kept for each.
 *
 * @module
 */

import { madeAgency } from "../tools/made_bets.ts";

/** Bets in a batch. */
export const BATCH_BETS = 150;

/**
 * Makes the bets of an agency.
 *
 * @param batches How many batches they are for.
 * @returns A line for each bet, without its end; no field is quoted.
 */
export function crowdRows(batches: number): string[] {
  const decoder = new TextDecoder();
  let text = "";
  for (const chunk of madeAgency(1, batches * BATCH_BETS)) {
    text += decoder.decode(chunk);
  }
  return text.split("\r\n").slice(0, -1);
}
