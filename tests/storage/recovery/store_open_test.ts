import { appendTo } from "../../support/batches.ts";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  DamagedStoreError,
  FileStore,
  type StoreFile,
  StoreHeldError,
} from "../../../storage/mod.ts";
import {
  assertStored,
  numberedBatch,
  putStore,
  rowsAt,
  rowsOf,
} from "../../support/batches.ts";
import { noteCalls } from "../../support/failing_calls.ts";
import { FaultFile } from "../../support/fault_file.ts";
import { appendAll, openFaulty } from "../../support/faulty_store.ts";
import { testInFolder as test } from "../../support/folder.ts";

test("FileStore.open() copies a torn tail and cuts it off", async (dir) => {
  const whole = rowsOf(numberedBatch(0, 3));
  const torn = rowsAt(whole.length, [numberedBatch(3, 2)]).slice(0, -1);
  for (const size of [1, 40, torn.length]) {
    const path = await putStore(dir, whole, torn.subarray(0, size));
    const { store, file, append } = await openFaulty(path);
    const { tornFiles: [tornFile], ...found } = store.recovery;
    assertEquals(found, {
      bets: 3,
      batches: 1,
      discardedBytes: size,
      discardedFinishedBytes: 0,
    });
    assertMatch(tornFile!, /\/bets\.csv\.torn-\d{8}T\d{6}\.\d{3}Z$/);
    assertEquals(await Deno.readFile(tornFile!), torn.slice(0, size));
    // It does not come back when a write is undone.
    file.fail("write", { after: 10 });
    const refused = await append(numberedBatch(3, 2));
    assertMatch(refused, /^Cannot write to the store/);
    assertEquals(await append(numberedBatch(3, 2)), "stored");
    await store.close();
    await assertStored(path, [numberedBatch(0, 3), numberedBatch(3, 2)]);
  }
});

test("FileStore.open() ends when it is aborted, and leaves the store to others", async (dir) => {
  const path = await putStore(dir, rowsOf(numberedBatch(0, 3)));
  const signal = AbortSignal.abort(new Error("SIGTERM"));
  await assertRejects(
    () => FileStore.open(path, { signal }),
    Error,
    "SIGTERM",
  );
  await using store = await FileStore.open(path);
  assertEquals(store.recovery.bets, 3);
});

test("FileStore.open() refuses a damaged store and leaves it unchanged", async (dir) => {
  const path = `${dir}/bets.csv`;
  const first = rowsOf(numberedBatch(0, 3));
  const size = first.length;
  const second = rowsAt(size, [numberedBatch(3, 2)], [numberedBatch(5, 1)]);
  const flipped = second.with(5, second[5]! ^ 1);
  const again = rowsAt(size, [numberedBatch(0, 3)]);
  const overlap = rowsAt(size, [numberedBatch(2, 2)]);
  for (
    const [rest, what] of [
      [flipped, "no whole entry begins there, but one of a write at"],
      [again, "some of its 3 bets from index 0 on are stored before"],
      [overlap, "some of its 2 bets from index 2 on are stored before"],
    ] as const
  ) {
    const bytes = Uint8Array.from([...first, ...rest]);
    await putStore(dir, bytes);
    const error = await assertRejects(
      () => FileStore.open(path),
      DamagedStoreError,
      `damage at byte ${first.length}: ${what}`,
    );
    assertEquals(error.byteOffset, first.length);
    assertEquals(await Deno.readFile(path), bytes);
  }
  // The lock is released.
  await putStore(dir, first);
  await appendAll(path);
});

test("FileStore.open() refuses an open store, and names its holder", async (dir) => {
  const path = `${dir}/bets.csv`;
  const store = await FileStore.open(path);
  await appendTo(store, numberedBatch(0, 1));
  await assertRejects(
    () => FileStore.open(path),
    StoreHeldError,
    `Cannot open store "${path}": it is held by process ${Deno.pid}; stop it, or choose another store`,
  );
  await appendTo(store, numberedBatch(1, 1));
  await store.close();
  await appendAll(path, numberedBatch(2, 1));
  await assertStored(path, [0, 1, 2].map((at) => numberedBatch(at, 1)));
});

test("FileStore.open() changes the disk in an order in which it can be killed", async (dir) => {
  const whole = rowsOf(numberedBatch(0, 3));
  const path = await putStore(dir, whole, whole.subarray(0, 40));
  const calls: string[] = [];
  {
    using _noted = noteCalls(calls);
    await using store = await FileStore.open(path);
    await appendTo(store, numberedBatch(3, 2));
  }
  const folder = dir.replace(/^.*\//, "");
  assertEquals(
    calls.map((call) => call.replace(/torn-.*/, "torn")),
    [
      // The names, each with the note of the process.
      ...[`sync ${folder}`, "write bets.csv.pid"],
      ...[`sync ${folder}`, "write bets.csv.finished.pid"],
      // What was found.
      ...["write bets.csv", "syncData bets.csv"],
      ...["write bets.csv.torn", "sync bets.csv.torn", `sync ${folder}`],
      ...["truncate bets.csv", "syncData bets.csv"],
      ...["write bets.csv.finished", "syncData bets.csv.finished"],
      // What is new.
      ...["writeSync bets.csv", "syncDataSync bets.csv"],
      ...["writeSync bets.csv.finished", "syncData bets.csv.finished"],
    ],
  );
});

test("FileStore.open() releases the lock when the disk fails", async (dir) => {
  const path = await putStore(dir, new TextEncoder().encode("1,torn"));
  const faults = [
    [path, "wrapFile", "truncate"],
    [path, "wrapFile", "syncData"],
    [`${dir}/new.csv`, "wrapFinishedFile", "write"],
  ] as const;
  for (const [path, wrap, operation] of faults) {
    await assertRejects(
      () =>
        FileStore.open(path, {
          [wrap](inner: StoreFile) {
            const file = new FaultFile(inner);
            file.fail(operation);
            return file;
          },
        }),
      Error,
      "Input/output error",
    );
  }
  for (const path of new Set(faults.map(([path]) => path))) {
    await appendAll(path, numberedBatch(0, 1));
    await assertStored(path, [numberedBatch(0, 1)]);
  }
});

test("FileStore.open() leaves a file unchanged that is not a store", async (dir) => {
  const path = `${dir}/numbers.csv`;
  const lines = Array.from({ length: 100_000 }, (_, i) => `${i + 1}\n`);
  const rows = "1,Ana,Gil,30904465,1999-03-17,2201\n".repeat(40_000);
  for (const text of [lines.join(""), rows, "5\n6\n"]) {
    await Deno.writeTextFile(path, text);
    await assertRejects(() => FileStore.open(path));
    assertEquals(await Deno.readTextFile(path), text);
  }
  const entries = await Array.fromAsync(Deno.readDir(dir));
  const names = entries.map(({ name }) => name);
  assertEquals(names, ["numbers.csv"]);
});

test("FileStore.open() releases a store that it cannot open", async (dir) => {
  const path = `${dir}/bets.csv`;
  // The note cannot be replaced.
  await Deno.mkdir(`${path}.pid/folder`, { recursive: true });
  await assertRejects(() => FileStore.open(path), Error, "not empty");
  await Deno.remove(`${path}.pid`, { recursive: true });
  await (await FileStore.open(path)).close();
});

test("Store.close() succeeds although the pid files were removed", async (dir) => {
  const path = `${dir}/bets.csv`;
  const store = await FileStore.open(path);
  await Deno.remove(`${path}.pid`);
  await Deno.remove(`${path}.finished.pid`);
  await store.close();
  await (await FileStore.open(path)).close();
});
