import { appendTo } from "../support/batches.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { FileStore, StorageError } from "../../storage/mod.ts";
import {
  assertStored,
  numberedBatch,
  numberedRows,
} from "../support/batches.ts";
import { appendAll } from "../support/faulty_store.ts";
import { testInFolder } from "../support/folder.ts";
import { readStore } from "../support/stored.ts";

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

testInFolder(
  "Store.append() stores only the missing bets of a batch",
  async (dir) => {
    const sent: [number, number][] = [[10, 10], [10, 10], [12, 3], [15, 10]]
      .concat([[5, 7], [40, 5], [0, 50], [0, 50]]) as [number, number][];
    const stored = [[[10, 20]], [[20, 25]], [[5, 10]], [[40, 45]]]
      .concat([[[0, 5], [25, 40], [45, 50]]]);
    const expected = stored.map((ranges) =>
      ranges.flatMap(([start, end]) => indexesOf(start!, end!))
    );
    const batches = sent.map((range) => numberedBatch(...range));
    await appendAll(`${dir}/bets.csv`, ...batches);
    assertEquals(await indexesIn(`${dir}/bets.csv`), expected);
    // The same with a start in between, and all at once.
    for (const batch of batches) await appendAll(`${dir}/bets.csv`, batch);
    assertEquals(await indexesIn(`${dir}/bets.csv`), expected);
    await Deno.mkdir(`${dir}/at once`);
    const store = await FileStore.open(`${dir}/at once/bets.csv`);
    await Promise.all(batches.map((batch) => appendTo(store, batch)));
    await store.close();
    assertEquals(await indexesIn(`${dir}/at once/bets.csv`), expected);
  },
);

/** Indexes of the numbered bets of each batch; asserts that they are the bets. */
async function indexesIn(path: string): Promise<number[][]> {
  return (await readStore(path)).map(({ betIndexes, bets }) => {
    const expected = betIndexes.flatMap((i) => numberedRows(i, i + 1));
    assertEquals(bets, expected);
    return betIndexes;
  });
}

function indexesOf(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}
