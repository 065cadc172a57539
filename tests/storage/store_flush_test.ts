import { assertEquals } from "@std/assert";
import { type BatchWriter, FileStore } from "../../storage/mod.ts";
import type { StoreFile } from "../../storage/files/store_file.ts";
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
