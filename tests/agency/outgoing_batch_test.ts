import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { BatchLoader, OutgoingBatch } from "../../agency/outgoing_batch.ts";
import { SourceFile } from "../../agency/source/source_file.ts";
import {
  type RecordPosition,
  RecordReader,
} from "../../agency/source/record_reader.ts";
import { contentOf } from "../support/fingerprint.ts";
import { testInFolder } from "../support/folder.ts";
import { betFrame, type BetRow } from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";

const FINGERPRINT = "00ff00ff00ff00ff";

/** What a loaded batch contains. */
interface Loaded {
  bytes: Uint8Array;
  count: number;
  from: RecordPosition;
}

testInFolder("load() cuts the file into batches of the amount", async (dir) => {
  const { loaded } = await loadAll(dir, csvOf(rows(25)), 10);
  assertEquals(loaded.map(({ bytes }) => bytes), [
    frameOf(0, rows(10)),
    frameOf(10, rows(10, 11)),
    frameOf(20, rows(5, 21)),
  ]);
  assertEquals(loaded.map(({ from }) => from.line), [1, 11, 21]);
  assertEquals(loaded.map(({ count }) => count), [10, 10, 5]);
  const size = (count: number) =>
    new TextEncoder().encode(csvOf(rows(count))).length - count;
  assertEquals(
    loaded.map(({ from }) => from.start),
    [0, size(10), size(20)],
  );
});

testInFolder("load() returns false for a file without bets", async (dir) => {
  for (const text of ["", "\r\n", "\ufeff", "no bet\n"]) {
    assertEquals((await loadAll(dir, text, 10)).loaded, []);
  }
});

testInFolder("load() ends a batch exactly at the file's end", async (dir) => {
  const { loaded } = await loadAll(dir, csvOf(rows(20)), 10);
  assertEquals(loaded.map(({ count }) => count), [10, 10]);
});

testInFolder("load() never makes a frame over 8192 bytes", async (dir) => {
  const all = Array.from({ length: 300 }, (_, i) => [
    "ñ".repeat(1 + i % 127),
    "x".repeat(1 + (i * 7) % 255),
    String(i),
    "1999-03-17",
    "7574",
  ]);
  const { loaded } = await loadAll(dir, csvOf(all), 65535);
  let betIndex = 0;
  for (const { bytes, count } of loaded) {
    assertLessOrEqual(bytes.length, 8192);
    assertEquals(
      bytes,
      frameOf(betIndex, all.slice(betIndex, betIndex + count)),
    );
    betIndex += count;
    const next = all[betIndex];
    if (next) assert(bytes.length + frameOf(0, [next]).length - 23 > 8192);
  }
  assertEquals(betIndex, all.length);
});

testInFolder("load() fills a frame of exactly 8192 bytes", async (dir) => {
  const wide = ["x".repeat(255), "y".repeat(255), "1".repeat(20), "d", "n"];
  const count = Math.floor((8192 - 23) / (5 + 532));
  const rest = 8192 - 23 - count * (5 + 532);
  const last = ["z".repeat(rest - 5), "", "", "", ""];
  const all = [...Array.from({ length: count }, () => wide), last];
  const { loaded } = await loadAll(dir, csvOf([...all, last]), 1000);
  assertEquals(loaded.map(({ bytes }) => bytes.length)[0], 8192);
  assertEquals(loaded.map(({ count }) => count), [count + 1, 1]);
});

testInFolder(
  "load() gives no bet index to rows that cannot be sent",
  async (dir) => {
    const [a, b, c, d] = csvOf(rows(4)).split(/(?<=\n)/);
    const text = `x\n${a}\n${b}y\nz\n${c}${d}w`;
    const { loaded, problems } = await loadAll(dir, text, 2);
    assertEquals(loaded.map(({ bytes }) => bytes), [
      frameOf(0, rows(2)),
      frameOf(2, rows(2, 3)),
    ]);
    assertEquals(loaded.map(({ from }) => from.line), [2, 7]);
    assertEquals(problems, [1, 5, 6, 9]);
  },
);

testInFolder(
  "byteOffset ends at the content's size",
  async (dir) => {
    for (
      const [bets, end] of [[1, ""], [5, ""], [9999, ""], [9999, "x"]] as const
    ) {
      const text = `\ufeff${csvOf(rows(bets))}${end}`;
      const { passed } = await loadAll(dir, text, 200);
      const content = contentOf(new TextEncoder().encode(text));
      assertEquals(passed.at(-1), content.length);
      assertEquals(passed, passed.toSorted((a, b) => a - b));
    }
  },
);

async function loadAll(
  dir: string,
  text: string,
  maxAmount: number,
): Promise<{ loaded: Loaded[]; problems: number[]; passed: number[] }> {
  const path = `${dir}/agency.csv`;
  await Deno.writeTextFile(path, text);
  using source = await SourceFile.open(path);
  const file = new RecordReader(source);
  const problems: number[] = [];
  const loader = new BatchLoader(file, {
    agency: 9,
    fingerprint: FINGERPRINT,
    maxAmount,
    onProblem(file): Promise<void> {
      problems.push(file.line);
      return Promise.resolve();
    },
  });
  const loaded: Loaded[] = [];
  // One batch for all: after its reply, a batch is reused.
  const batch = new OutgoingBatch();
  const passed: number[] = [];
  for (;;) {
    const isLoaded = await loader.load(batch);
    passed.push(loader.byteOffset);
    if (!isLoaded) break;
    const { bytes, frame: { count }, from } = batch;
    loaded.push({ bytes: bytes.slice(), count, from });
  }
  return { loaded, problems, passed };
}

function frameOf(betIndex: number, rows: readonly BetRow[]): Uint8Array {
  return betFrame({ agency: 9, fingerprint: FINGERPRINT, betIndex, rows });
}
