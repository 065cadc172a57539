/**
 * `deno task import:postgres`: copies a store in files into the database.
 *
 * @module
 */

import { countBets } from "../../bet/bet.ts";
import { writeLine } from "../../program/logging.ts";
import { readBatches, readFinished } from "../../storage.ts";
import { PostgresStore } from "../postgres_store.ts";

/** Batches that are under way at once. */
const BATCHES_AT_ONCE = 200;

/** Stores what a file store has. Bets that are there already stay as they are. */
export async function importStore(path: string, url: string): Promise<void> {
  const store = await PostgresStore.open(url);
  let bets = 0;
  try {
    using writer = store.writer();
    let underWay: Promise<number>[] = [];
    for await (const batch of readBatches(path)) {
      bets += countBets(batch);
      underWay.push(writer.append(batch));
      if (underWay.length < BATCHES_AT_ONCE) continue;
      await Promise.all(underWay);
      underWay = [];
    }
    await Promise.all(underWay);
    const { agencies } = await readFinished(path);
    for (const agency of agencies) await store.finish(agency);
  } finally {
    await store.close();
  }
  writeLine(Deno.stdout, `bets: ${bets}`);
}
