// `deno task import:postgres`: copies a store in files into the database.

import type { Batch } from "../../bet/bet.ts";
import { writeLine } from "../../program/logging.ts";
import { readBatches, readFinished } from "../../storage/mod.ts";
import { PostgresStore } from "../postgres_store.ts";

/** Batches under way at once. */
const BATCHES_AT_ONCE = 200;

/**
 * Stores the bets of a file store, and holds its draw if that is held. Bets that
 * are already there stay unchanged.
 */
export async function importStore(path: string, url: string): Promise<void> {
  const { agencies, drawAgencies = 0 } = await readFinished(path);
  const store = await PostgresStore.open(url, { drawAgencies });
  let bets = 0;
  try {
    using writer = store.writer();
    const group: Batch[] = [];
    const flush = () =>
      Promise.all(group.splice(0).map((batch) => writer.append(batch)));
    for await (const batch of readBatches(path)) {
      bets += batch.betCount;
      group.push(batch);
      if (group.length === BATCHES_AT_ONCE) await flush();
    }
    await flush();
    // The last agency of the draw holds it: after that nobody can finish.
    const lastFirst = [...agencies].sort((a, b) => b - a);
    for (const agency of lastFirst) await store.finish(agency);
  } finally {
    await store.close();
  }
  writeLine(Deno.stdout, `bets: ${bets}`);
}
