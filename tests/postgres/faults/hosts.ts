import { assertEquals } from "@std/assert";
import type { Batch } from "../../../bet/bet.ts";
import { StorageError, type Store } from "../../../storage/mod.ts";
import { testFault as test } from "../../faults/plan.ts";
import { IS_FULL } from "../../support/deadline.ts";
import { Cluster } from "../support/cluster.ts";
import {
  runThrough,
  SHORT_TIMEOUT,
  startOn,
} from "../support/database_central.ts";
import { append, makeBatch, openStore } from "../support/made_store.ts";

test("a host that turns read-only is left for another", async () => {
  await using primary = await Cluster.start();
  await using standby = await primary.startStandby();
  await using store = await openStore(primary.urlOfBoth(standby));
  await append(store, makeBatch(1));
  await standby.promote();
  await primary.query("ALTER SYSTEM SET synchronous_standby_names = ''");
  await primary.query("ALTER SYSTEM SET default_transaction_read_only = on");
  await primary.reload();
  const refused = await untilStored(store, makeBatch(1, 10));
  assertEquals(await standby.query("SELECT count(*) FROM bets"), "20");
  assertEquals(refused <= 2, true, `${refused} batches were refused`);
});

test("no OK is lost when the old primary returns as a standby", async ({ random }) => {
  await using one = await Cluster.start({
    wal_log_hints: "on",
    wal_keep_size: "256MB",
  });
  await using other = await one.startStandby();
  const url = `${one.urlOfBoth(other)}${SHORT_TIMEOUT}`;
  await using central = await startOn(url);
  await runThrough([central.port], random, async (work) => {
    await work();
    await one.kill();
    await other.promote();
    await work();
    // It comes back first in the address, and connections are renewed.
    await one.returnAsStandbyOf(other);
    await other.cutConnections();
    if (!IS_FULL) return other;
    await work();
    await other.beFollowed();
    await other.kill();
    await one.promote();
    return one;
  });
  await central.stop();
});

/** Stores a batch. Returns how often it was refused before. */
async function untilStored(store: Store, batch: Batch): Promise<number> {
  for (let refused = 0;; refused++) {
    try {
      await append(store, batch);
      return refused;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
    }
  }
}
