import { appendTo } from "../support/batches.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { FileStore, StorageError } from "../../storage/mod.ts";
import { assertStored, numberedBatch } from "../support/batches.ts";
import { appendAll } from "../support/faulty_store.ts";
import { testInFolder } from "../support/folder.ts";

testInFolder(
  "Store.append() stores batches, which are there at the next start",
  async (dir) => {
    const path = `${dir}/bets.csv`;
    const batches = [numberedBatch(0, 3), numberedBatch(3, 1)];
    const { recovery } = await appendAll(path, ...batches);
    const none = { discardedBytes: 0, tornFile: undefined };
    assertEquals(recovery, { bets: 0, batches: 0, ...none });
    await assertStored(path, batches);
    const reopened = await appendAll(path, ...batches, numberedBatch(4, 2));
    assertEquals(reopened.recovery, { bets: 4, batches: 2, ...none });
    await assertStored(path, [...batches, numberedBatch(4, 2)]);
    assertEquals(reopened.stats.sizeBytes, (await Deno.stat(path)).size);
  },
);

testInFolder(
  "Store.append() copies the batch before it returns, and close() waits for it",
  async (dir) => {
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
    await appendAll(path);
  },
);
