import { assert, assertEquals, assertRejects } from "@std/assert";
import { BettingClosedError, FileStore } from "../../storage/mod.ts";
import { assertStored, numberedBatch } from "../support/batches.ts";
import { openFaulty } from "../support/faulty_store.ts";
import { testInFolder as test } from "../support/folder.ts";
import { everyTurn } from "../support/deadline.ts";

const AGENCIES = 1_000;

test("FileStore.finish() checks each agency a few times, for any number of them", async (dir) => {
  const store = await FileStore.open(`${dir}/bets.csv`, {
    fsync: false,
    drawAgencies: AGENCIES,
  });
  try {
    let lookups = 0;
    const finished = store.stats.finished as Set<number>;
    const has = finished.has.bind(finished);
    finished.has = (agency) => {
      lookups++;
      return has(agency);
    };
    for (let agency = 1; agency <= AGENCIES; agency++) {
      await store.finish(agency);
      assertEquals(store.draw.isHeld, agency === AGENCIES);
    }
    assert(lookups < 10 * AGENCIES, `${lookups} look-ups`);
  } finally {
    await store.close();
  }
});

test("FileStore.finish() counts a batch under way, and accepts its repetition", async (dir) => {
  const path = `${dir}/bets.csv`;
  const { store, file, append } = await openFaulty(path, { drawAgencies: 1 });
  const gate = file.hold("syncData");
  const first = append(numberedBatch(0, 3));
  await gate.reached;
  const finished = store.finish(1);
  while (store.stats.finished.size === 0) await everyTurn();
  await everyTurn();
  const repeated = append(numberedBatch(1, 2));
  const late = assertRejects(
    () => append(numberedBatch(1, 3)),
    BettingClosedError,
  );
  await everyTurn();
  assertEquals(store.draw.isHeld, false);
  gate.release();
  assertEquals([await first, await repeated], ["stored", "stored"]);
  await Promise.all([finished, late]);
  await store.close();
  await assertStored(path, [numberedBatch(0, 3)]);
});
