/**
 * Stores in the tests' own process, and bets for them.
 *
 * @module
 */

import { PostgresStore } from "../../../postgres/postgres_store.ts";
import type { Batch, Bet } from "../../../bet/bet.ts";
import { batchOf, FINGERPRINT } from "../../support/batches.ts";

export { appendTo as append } from "../../support/batches.ts";

/** Opens a store that is closed at the end of the block. */
export async function openStore(
  url: string,
  drawAgencies = 0,
): Promise<PostgresStore & AsyncDisposable> {
  const store = await PostgresStore.open(url, { drawAgencies });
  return Object.assign(store, {
    [Symbol.asyncDispose]: () => store.close(),
  });
}

/** Makes a batch of different bets; each tenth wins. */
export function makeBatch(
  agency: number,
  betIndex = 0,
  count = 10,
  fingerprint = FINGERPRINT,
): Batch {
  const bets = Array.from({ length: count }, (_, i): Bet => ({
    firstName: "Ana",
    lastName: "Gil",
    document: String(betIndex + i),
    birthdate: "1999-03-17",
    number: (betIndex + i) % 10 === 0 ? "7574" : "1",
  }));
  return batchOf(bets, betIndex, { agency, fingerprint });
}
