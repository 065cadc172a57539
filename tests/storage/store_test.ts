import { appendTo } from "../support/batches.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { FileStore, StorageError } from "../../storage/mod.ts";
import {
  assertStored,
  batchOf,
  numberedBatch,
  numberedRows,
} from "../support/batches.ts";
import { appendAll, openFaulty } from "../support/faulty_store.ts";
import { testInFolder } from "../support/folder.ts";
import { Random, randomBets, SEED } from "../support/random_bets.ts";
import { readStore } from "../support/stored.ts";

const OTHER_SOURCE = "fedcba9876543210";

testInFolder(
  "Store.append() stores batches, which are there at the next start",
  async (dir) => {
    const path = `${dir}/bets.csv`;
    const batches = [numberedBatch(0, 3), numberedBatch(3, 1)];
    const { recovery } = await appendAll(path, ...batches);
    assertEquals(recovery, { bets: 0, batches: 0, discardedBytes: 0 });
    await assertStored(path, batches);
    const reopened = await appendAll(path, ...batches, numberedBatch(4, 2));
    assertEquals(reopened.recovery, { bets: 4, batches: 2, discardedBytes: 0 });
    await assertStored(path, [...batches, numberedBatch(4, 2)]);
  },
);

testInFolder(
  "Store.append() copies the batch before it returns",
  async (dir) => {
    const path = `${dir}/bets.csv`;
    const store = await FileStore.open(path);
    const batch = numberedBatch(0, 3);
    const stored = appendTo(store, batch);
    batch.bets.fill(0x58);
    await stored;
    await store.close();
    await assertStored(path, [numberedBatch(0, 3)]);
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

testInFolder(
  "Store.append() keeps agencies and their files apart",
  async (dir) => {
    const path = `${dir}/bets.csv`;
    const batches = [
      numberedBatch(0, 2),
      numberedBatch(0, 2, { agency: 2 }),
      numberedBatch(0, 2, { fingerprint: OTHER_SOURCE }),
      numberedBatch(1, 2, { agency: 11 }),
    ];
    await appendAll(path, ...batches);
    await appendAll(path, ...batches);
    await assertStored(path, batches);
  },
);

testInFolder(
  "Store.winners() returns each agency's own, once they are stored",
  async (dir) => {
    const path = `${dir}/bets.csv`;
    const [bet] = randomBets(new Random(1), 1);
    const winner = { ...bet!, document: "007", number: "07574" };
    const other = { ...bet!, document: "008", number: "7574" };
    const { store, file } = await openFaulty(path);
    const gate = file.hold("syncData");
    const stored = appendTo(store, batchOf([winner, { ...bet!, number: "1" }]));
    await gate.reached;
    assertEquals(store.winners(1), []);
    gate.release();
    await stored;
    await appendTo(store, batchOf([other], 0, { agency: 2 }));
    await appendTo(store, batchOf([other], 0, { fingerprint: OTHER_SOURCE }));
    await appendTo(store, batchOf([winner, other]));
    assertEquals(store.winners(1), ["007", "008"]);
    await store.close();
    const reopened = await appendAll(path);
    assertEquals(reopened.winners(1), ["007", "008"]);
    assertEquals([reopened.winners(2), reopened.winners(3)], [["008"], []]);
  },
);

testInFolder("Store.finish() is remembered at the next start", async (dir) => {
  const store = await FileStore.open(`${dir}/bets.csv`);
  await Promise.all([store.finish(2), store.finish(1)]);
  await store.finish(2);
  assertEquals([...store.stats.finished], [2, 1]);
  await store.close();
  const reopened = await appendAll(`${dir}/bets.csv`);
  assertEquals([...reopened.stats.finished], [2, 1]);
});

testInFolder(
  "Store.close() commits waiting batches and refuses new ones",
  async (dir) => {
    const { store, file } = await openFaulty(`${dir}/bets.csv`);
    const gate = file.hold("syncData");
    const stored = [appendTo(store, numberedBatch(0, 2))];
    await gate.reached;
    stored.push(appendTo(store, numberedBatch(2, 2)));
    const closed = store.close();
    await assertRejects(
      () => appendTo(store, numberedBatch(4, 2)),
      StorageError,
    );
    gate.release();
    await Promise.all([...stored, closed]);
    await assertStored(
      `${dir}/bets.csv`,
      [numberedBatch(0, 2), numberedBatch(2, 2)],
    );
  },
);

testInFolder(
  "Store.append() continues after partial writes",
  async (dir) => {
    const { store, file, append } = await openFaulty(`${dir}/bets.csv`);
    const batches = [numberedBatch(0, 3), numberedBatch(3, 2)];
    file.maxWrite = 7;
    const outcomes = batches.map(append);
    assertEquals(await Promise.all(outcomes), Array(2).fill("stored"));
    await store.close();
    await assertStored(`${dir}/bets.csv`, batches);
  },
);

testInFolder("Store never waits for the disk without fsync", async (dir) => {
  const path = `${dir}/bets.csv`;
  const { store, file, append } = await openFaulty(path, { fsync: false });
  assertEquals(await append(numberedBatch(0, 3)), "stored");
  await store.close();
  assertEquals(file.calls, ["write"]);
  await assertStored(path, [numberedBatch(0, 3)]);
});

testInFolder(
  `Store.append() stores every bet once, in batches of any kind (seed ${SEED})`,
  async (dir) => {
    const random = new Random(SEED);
    const bets = randomBets(random, 60);
    for (let round = 0; round < 10; round++) {
      const path = `${dir}/${round}.csv`;
      const sent = new Set<number>();
      for (let start = 0; start < 3; start++) {
        const store = await FileStore.open(path);
        const betIndexes = Array.from({ length: 12 }, () => random.below(60));
        const stored = betIndexes.map((betIndex) => {
          const some = bets.slice(betIndex, betIndex + 1 + random.below(15));
          for (const index of some.keys()) sent.add(betIndex + index);
          return appendTo(store, batchOf(some, betIndex));
        });
        await Promise.all(stored);
        await store.close();
      }
      const found = (await readStore(path)).flatMap(({ betIndexes, bets }) =>
        bets.map((fields, i) => [betIndexes[i]!, fields] as const)
      ).sort(([a], [b]) => a - b);
      assertEquals(
        found.map(([, fields]) => fields),
        found.map(([at]) => Object.values(bets[at]!)),
      );
      assertEquals(found.map(([at]) => at), [...sent].sort((a, b) => a - b));
    }
  },
);
