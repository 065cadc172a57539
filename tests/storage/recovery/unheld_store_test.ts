import { appendTo } from "../../support/batches.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FileStore, StoreHeldError } from "../../../storage/mod.ts";
import {
  exportStore,
  readBatches,
  readFinished,
  verifyStore,
} from "../../../storage/recovery/unheld_store.ts";
import {
  batchOf,
  GAP,
  numberedBatch,
  numberedBet,
  putStore,
  rowsAt,
  rowsOf,
} from "../../support/batches.ts";
import { contents, testInFolder as test } from "../../support/folder.ts";
import { Random, randomBets } from "../../support/random_bets.ts";
import { SPECIAL_NAMES } from "../../support/store_cases.ts";
import { readStore } from "../../support/stored.ts";
import { csvRow } from "../../support/rows.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const FIRST = rowsOf(numberedBatch(0, 3));
const SECOND = rowsAt(FIRST.length, [numberedBatch(3, 2)]);
const OTHER = rowsAt(
  FIRST.length + SECOND.length,
  [numberedBatch(0, 4, { agency: 7 })],
);

test("verifyStore() counts what is in a good store", async (dir) => {
  const path = await putStore(dir, FIRST, SECOND, OTHER);
  const good = { finished: 0, drawAgencies: undefined, fault: undefined };
  assertEquals(await verifyStore(path), {
    ...{ bets: 9, batches: 3, agencies: 2, ...good },
  });
  await putStore(dir);
  assertEquals(await verifyStore(path), {
    ...{ bets: 0, batches: 0, agencies: 0, ...good },
  });
});

const SIZE = FIRST.length + SECOND.length + OTHER.length;

/** What is in a store behind its first batch, where the fault is, and which. */
const FAULTS: [name: string, rest: Bytes[], at: number, problem: string][] = [
  [
    "a torn tail",
    [SECOND.slice(0, 50)],
    FIRST.length,
    `byte ${FIRST.length}: a torn tail of 50 bytes`,
  ],
  [
    "damage in an earlier batch",
    [SECOND.with(10, SECOND[10]! ^ 1), OTHER],
    FIRST.length,
    `damage at byte ${FIRST.length}`,
  ],
  [
    "bets that are stored twice",
    [SECOND, OTHER, rowsAt(SIZE, [numberedBatch(3, 2)])],
    SIZE,
    "stored before",
  ],
];

for (const [name, rest, at, problem] of FAULTS) {
  test(`verifyStore() finds ${name}`, async (dir) => {
    const path = await putStore(dir, FIRST, ...rest);
    const { bets, batches, agencies, fault } = await verifyStore(path);
    assertEquals(
      [bets, batches, agencies],
      at === SIZE ? [9, 3, 2] : [3, 1, 1],
    );
    assertEquals(fault?.byteOffset, at);
    assertStringIncludes(fault!.problem, problem);
  });
}

test("verifyStore() changes nothing in the folder", async (dir) => {
  const torn = SECOND.subarray(0, 50);
  const path = await putStore(dir, FIRST, torn);
  await Deno.chmod(path, 0o400);
  const before = await contents(dir);
  await verifyStore(path);
  assertEquals(await contents(dir), before);
  assertEquals(Object.keys(before).sort(), ["bets.csv", "bets.csv.finished"]);
});

test("verifyStore() allows two readers at once", async (dir) => {
  const path = await putStore(dir, FIRST);
  for (const name of [path, `${path}.finished`]) {
    using held = await Deno.open(name);
    await held.lock(false);
    assertEquals((await verifyStore(path)).bets, 3);
    await assertRejects(() => FileStore.open(path), StoreHeldError);
  }
});

test("verifyStore() and the others read no held store", async (dir) => {
  const path = await putStore(dir, FIRST);
  {
    await using _store = await FileStore.open(path);
    const readers = [
      () => verifyStore(path),
      () => readFinished(path),
      () => Array.fromAsync(exportStore(path)),
      () => Array.fromAsync(readBatches(path)),
    ];
    for (const read of readers) {
      await assertRejects(read, StoreHeldError, `by process ${Deno.pid}`);
    }
  }
  // They have released what they could lock.
  await (await FileStore.open(path)).close();
});

test("verifyStore() finds files that do not fit", async (dir) => {
  const path = await putStore(dir, FIRST);
  await Deno.remove(`${path}.finished`);
  const { fault, ...counts } = await verifyStore(path);
  assertEquals(counts, {
    ...{ bets: 3, batches: 1, agencies: 1, finished: 0 },
    drawAgencies: undefined,
  });
  assertEquals(fault?.byteOffset, undefined);
  assertStringIncludes(fault!.problem, '.finished" is missing, but');
  await Deno.truncate(path);
  assertEquals((await verifyStore(path)).fault, undefined);
  await Deno.remove(path);
  await assertRejects(() => verifyStore(path), Deno.errors.NotFound);
});

test("exportStore() returns every bet of the store, without marks", async (dir) => {
  const path = `${dir}/bets.csv`;
  const store = await FileStore.open(path, { fsync: false });
  const random = new Random(3);
  let expected = "";
  for (let index = 0; index < 3_000; index += 30) {
    const bets = randomBets(random, 30);
    await appendTo(store, batchOf(bets, index));
    for (const bet of bets) {
      const { firstName, lastName, document, birthdate, number } = bet;
      const fields = [firstName, lastName, document, birthdate, number];
      expected += `${csvRow(["1", ...fields])}\n`;
    }
  }
  await store.close();
  // A torn tail, as a crash leaves it, contains no bet.
  await Deno.writeTextFile(path, "1,Ana,Gi", { append: true });
  assertEquals((await Array.fromAsync(exportStore(path))).join(""), expected);
});

test("readBatches() returns each batch as it was sent, and readFinished() who finished", async (dir) => {
  const path = `${dir}/bets.csv`;
  const bets = SPECIAL_NAMES.map((name, i) => ({
    ...numberedBet(i),
    firstName: name,
    lastName: name,
  }));
  const batches = [
    batchOf(bets, 7, { agency: 4294967295 }),
    batchOf([bets[0]!, GAP, GAP, bets[1]!, bets[2]!], 100),
  ];
  {
    await using store = await FileStore.open(path, { drawAgencies: 1 });
    for (const batch of batches) await appendTo(store, batch);
    await store.finish(3);
    await store.finish(1);
  }
  assertEquals(await Array.fromAsync(readBatches(path)), batches);
  assertEquals(
    (await readStore(path))[0]!.bets,
    bets.map((bet) => Object.values(bet)),
  );
  const { agencies, drawAgencies } = await readFinished(path);
  assertEquals([[...agencies], drawAgencies], [[3, 1], 1]);
  const { finished, drawAgencies: verified } = await verifyStore(path);
  assertEquals([finished, verified], [2, 1]);
});
