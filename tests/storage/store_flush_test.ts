import { assertEquals } from "@std/assert";
import { type BatchWriter, FileStore } from "../../storage/mod.ts";
import type { StoreFile } from "../../storage/held_file.ts";
import {
  appendTo,
  assertStored,
  numberedBatch,
  putStore,
  rowsAt,
  rowsOf,
} from "../support/batches.ts";
import { openFaulty } from "../support/faulty_store.ts";
import { testInFolder as test } from "../support/folder.ts";

test("Store waits in place for the disk while every connection waits for it", async (dir) => {
  const flushes: boolean[] = [];
  const store = await FileStore.open(`${dir}/bets.csv`, {
    wrapFile: (file) => noteFlushes(file, flushes),
  });
  flushes.length = 0;
  const [first, second] = [store.writer(), store.writer()];
  const append = (agency: number, writer: BatchWriter) =>
    writer.append({ ...numberedBatch(next++, 1), agency });
  let next = 0;

  await append(1, first);
  await Promise.all([append(1, first), append(2, second)]);
  assertEquals(flushes, [true, true], "all wait");

  flushes.length = 0;
  await append(1, first);
  assertEquals(flushes, [false], "the second one may send something");

  flushes.length = 0;
  await Promise.all([append(1, first), append(1, first), append(2, second)]);
  assertEquals(flushes, [false], "the first one has a window");

  flushes.length = 0;
  second[Symbol.dispose]();
  await append(1, first);
  assertEquals(flushes, [true], "the second one has gone");

  await store.close();
});

test("Store never waits for the disk without fsync", async (dir) => {
  const [first, second] = [numberedBatch(0, 3), numberedBatch(3, 2)];
  const whole = rowsOf(first);
  const torn = rowsAt(whole.length, [second]).slice(0, 40);
  const path = await putStore(dir, whole, torn);
  const { store, file, finished } = await openFaulty(path, { fsync: false });
  await appendTo(store, first);
  await appendTo(store, second);
  await store.finish(1);
  await store.close();
  await assertStored(path, [first, second]);
  const calls = [...file.calls, ...finished.calls];
  assertEquals(calls.filter((call) => call === "syncData"), []);
});

function noteFlushes(file: StoreFile, flushes: boolean[]): StoreFile {
  return {
    ...file,
    syncData(isInPlace): void | Promise<void> {
      flushes.push(isInPlace === true);
      return file.syncData(isInPlace);
    },
  };
}
