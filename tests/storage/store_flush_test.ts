import { assertEquals } from "@std/assert";
import { BatchSequence, FileStore } from "../../storage.ts";
import type { StoreFile } from "../../storage/store_file.ts";
import { numberedBatch } from "../support/batches.ts";
import { testInFolder } from "../support/folder.ts";

testInFolder(
  "Store waits in place for the disk while every connection waits for it",
  async (dir) => {
    const flushes: boolean[] = [];
    const store = await FileStore.open(`${dir}/bets.csv`, {
      wrapFile: (file) => noteFlushes(file, flushes),
    });
    flushes.length = 0;
    const [first, second] = [new BatchSequence(), new BatchSequence()];
    const append = (agency: number, sequence?: BatchSequence) =>
      store.append({ ...numberedBatch(next++, 1), agency }, sequence);
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
    store.endSequence(second);
    await append(1, first);
    assertEquals(flushes, [true], "the second one has gone");

    flushes.length = 0;
    await append(3);
    assertEquals(flushes, [false], "it is of no connection that is known");
    await store.close();
  },
);

function noteFlushes(file: StoreFile, flushes: boolean[]): StoreFile {
  return {
    ...file,
    syncData(isInPlace): void | Promise<void> {
      flushes.push(isInPlace === true);
      return file.syncData(isInPlace);
    },
  };
}
