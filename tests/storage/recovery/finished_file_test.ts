import { crc32 } from "node:zlib";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DamagedStoreError, FileStore } from "../../../storage/mod.ts";
import {
  type FinishEvent,
  formatRecord,
} from "../../../storage/finished/finish_record.ts";
import { EMPTY_END, type LogEnd } from "../../../storage/format/seal.ts";
import { appendTo, numberedBatch, rowsAt } from "../../support/batches.ts";
import { appendAll } from "../../support/faulty_store.ts";
import { contents, testInFolder as test } from "../../support/folder.ts";
import { readFinishers } from "../../support/stored.ts";

/** A line of the finished file, of a store without bets if no end is given. */
type Line = readonly [FinishEvent, number, LogEnd?];

/** Writes a store without bets whose records were one write each. */
async function putFinished(
  dir: string,
  ...lines: readonly Line[]
): Promise<string> {
  const path = `${dir}/bets.csv`;
  await Deno.writeTextFile(path, "");
  await Deno.writeFile(`${path}.finished`, linesOf(lines));
  return path;
}

function linesOf(
  lines: readonly Line[],
  writes = lines.length,
): Uint8Array<ArrayBuffer> {
  let bytes = new Uint8Array(0);
  let write = 0;
  for (const [i, [event, number, bets = EMPTY_END]] of lines.entries()) {
    if (i < writes) write = bytes.length;
    const line = formatRecord({ event, number, bets }, write);
    bytes = Uint8Array.from([...bytes, ...line]);
  }
  return bytes;
}

/** Opens and closes a store. Returns the agencies that have finished. */
async function finishersOf(path: string): Promise<number[]> {
  return [...(await appendAll(path)).stats.finished];
}

test("FileStore.open() records the start of a store", async (dir) => {
  const path = `${dir}/bets.csv`;
  await using _store = await FileStore.open(path);
  const line = "start,,0:0:00000000:0:";
  assertEquals(
    await Deno.readTextFile(`${path}.finished`),
    `${line}${crc32(line).toString(16).padStart(8, "0")}\n`,
  );
});

test("FileStore.finish() is remembered, once each", async (dir) => {
  const path = `${dir}/bets.csv`;
  const store = await FileStore.open(path);
  await Promise.all([5, 4294967295, 5].map((agency) => store.finish(agency)));
  await store.finish(1);
  await store.finish(5);
  await store.close();
  assertEquals(await readFinishers(path), [5, 4294967295, 1]);
  assertEquals(await finishersOf(path), [5, 4294967295, 1]);
});

test("FileStore.open() cuts off a last record torn at any byte, and keeps a copy", async (dir) => {
  const whole = linesOf([["finish", 3], ["finish", 12]]);
  const all = linesOf([["finish", 3], ["finish", 12], ["finish", 7]]);
  const path = await putFinished(dir);
  for (let size = whole.length; size < all.length; size++) {
    await Deno.writeFile(`${path}.finished`, all.subarray(0, size));
    const { stats, recovery } = await appendAll(path);
    assertEquals([...stats.finished], [3, 12]);
    assertEquals(recovery.discardedFinishedBytes, size - whole.length);
    assertEquals(recovery.tornFiles.length, size > whole.length ? 1 : 0);
    assertEquals(
      (await Deno.readFile(`${path}.finished`)).slice(0, whole.length + 6),
      Uint8Array.from([...whole, ...new TextEncoder().encode("start,")]),
    );
  }
  const copies = Object.keys(await contents(dir))
    .filter((name) => name.startsWith("bets.csv.finished.torn-"));
  assert(copies.length > 1, copies.join());
});

test("FileStore.open() cuts off the last write of records if one of its pages is lost", async (dir) => {
  const agencies = Array.from({ length: 200 }, (_, i) => i + 1);
  const lines = agencies.map((agency): Line => ["finish", agency]);
  const old = linesOf(lines.slice(0, 100));
  // The last write has a hundred records and goes over the page's end.
  const bytes = linesOf(lines, 101);
  const path = await putFinished(dir);
  const page = 4096;
  assert(old.length < page && bytes.length > page);
  await Deno.writeFile(
    `${path}.finished`,
    bytes.fill(0, old.length, page),
  );
  assertEquals(await finishersOf(path), agencies.slice(0, 100));
  assertEquals(await readFinishers(path), agencies.slice(0, 100));
});

test("FileStore.open() refuses damage before the last record, and leaves the files unchanged", async (dir) => {
  const path = await putFinished(dir);
  const bytes = linesOf([["finish", 3], ["finish", 12], ["finish", 7]]);
  const second = bytes.indexOf(0x0a) + 1;
  const last = bytes.indexOf(0x0a, second) + 1;
  for (let at = 0; at < last; at++) {
    for (const byte of [0, bytes[at]! ^ 1]) {
      await Deno.writeFile(`${path}.finished`, bytes.with(at, byte));
      const before = await contents(dir);
      const error = await assertRejects(
        () => FileStore.open(path),
        DamagedStoreError,
        `Cannot trust "${path}.finished": damage at byte `,
      );
      assertEquals(error.byteOffset, at < second ? 0 : second, `byte ${at}`);
      assertEquals(await contents(dir), before);
    }
  }
  // The locks are released.
  await Deno.writeFile(`${path}.finished`, bytes);
  assertEquals(await finishersOf(path), [3, 12, 7]);
});

test("FileStore.open() does not print the bets of a file that is not its finished file", async (dir) => {
  const path = `${dir}/bets.csv`;
  await appendAll(path, numberedBatch(0, 1));
  await Deno.copyFile(path, `${path}.finished`);
  const error = await assertRejects(
    () => FileStore.open(path),
    DamagedStoreError,
  );
  assertEquals(
    error.message,
    `Cannot trust "${path}.finished": damage at byte 0: it is not a record`,
  );
});

test("FileStore.open() refuses records that no central writes", async (dir) => {
  const table: [Line[], string][] = [
    [[["finish", 0]], "it is not a record"],
    [[["finish", 4294967296]], "it is not a record"],
    [[["start", 3]], "it is not a record"],
    [[["draw", 0]], "it is not a record"],
    [[["finish", 3], ["finish", 3]], "agency 3 has finished before"],
    [[["finish", 1], ["draw", 2]], "a draw, but agency 2 has not finished"],
    [
      [["finish", 1], ["draw", 1], ["finish", 2]],
      "nothing follows a draw",
    ],
    [[["finish", 1], ["draw", 1], ["draw", 1]], "nothing follows a draw"],
    [[["finish", 1], ["draw", 1], ["start", 0]], "nothing follows a draw"],
    [
      [["finish", 1, { size: 9, write: 0, crc: 0 }], ["finish", 2]],
      "the bets file never becomes smaller",
    ],
  ];
  for (const [lines, reason] of table) {
    const path = await putFinished(dir, ...lines);
    await assertRejects(
      () => FileStore.open(path, { drawAgencies: 1 }),
      DamagedStoreError,
      reason,
    );
  }
});

test("FileStore.open() goes on when all of the last write was torn", async (dir) => {
  const path = `${dir}/bets.csv`;
  await appendAll(path, numberedBatch(0, 3));
  await Deno.truncate(path, 40);
  for (let start = 0; start < 2; start++) {
    assertEquals((await appendAll(path)).stats.bets, 0);
  }
});

test("FileStore.open() refuses a torn last write that a FINISH came after", async (dir) => {
  const path = `${dir}/bets.csv`;
  const store = await FileStore.open(path);
  const batches = [numberedBatch(0, 3), numberedBatch(3, 2)];
  await Promise.all(batches.map((batch) => appendTo(store, batch)));
  await store.finish(1);
  await store.close();
  const first = rowsAt(0, batches.slice(0, 1)).length;
  for (
    const [size, reason] of [
      [first + 40, "no whole entry begins there; it was flushed"],
      [first, `do not belong together: the bets file has ${first} bytes`],
      [40, "no whole entry begins there; it was flushed"],
    ] as const
  ) {
    await Deno.truncate(path, size);
    await assertRejects(() => FileStore.open(path), Error, reason);
  }
});

test("FileStore adds nothing to a store whose draw is held", async (dir) => {
  const path = `${dir}/bets.csv`;
  let store = await FileStore.open(path, { drawAgencies: 1 });
  await appendTo(store, numberedBatch(0, 1));
  await store.finish(1);
  await store.close();
  const before = await contents(dir);
  store = await FileStore.open(path, { drawAgencies: 1 });
  await store.finish(1);
  await assertRejects(() => store.finish(2), Error, "the draw has been held");
  assertEquals([...store.stats.finished], [1]);
  await store.close();
  assertEquals(await contents(dir), before);
});
