import { appendTo } from "../support/batches.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { FileStore, StorageError } from "../../storage/mod.ts";
import { assertStored, numberedBatch } from "../support/batches.ts";
import { appendAll } from "../support/faulty_store.ts";
import { testInFolder as test } from "../support/folder.ts";

test("Store.append() copies the batch before it returns, and close() waits for it", async (dir) => {
  const path = `${dir}/bets.csv`;
  const commits: number[] = [];
  const store = await FileStore.open(path, {
    onCommit: (batches) => commits.push(batches),
  });
  const batch = numberedBatch(0, 3);
  const stored = appendTo(store, batch);
  batch.bets.fill(0x58);
  await store.close();
  assertEquals([await stored, commits], [0, [1]]);
  await assertRejects(
    () => appendTo(store, numberedBatch(3, 1)),
    StorageError,
    "Cannot store: the store is closed",
  );
  await assertStored(path, [numberedBatch(0, 3)]);
  const { recovery, stats } = await appendAll(path);
  const none = {
    discardedBytes: 0,
    discardedFinishedBytes: 0,
    tornFiles: [],
  };
  assertEquals(recovery, { bets: 3, batches: 1, ...none });
  assertEquals(stats.sizeBytes, (await Deno.stat(path)).size);
});
