import { IndexSet } from "../../agency/index_set.ts";
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { BatchLoader, OutgoingBatch } from "../../agency/outgoing_batch.ts";
import { openFile } from "../../agency/delivered_file.ts";
import { testInFolder as test } from "../support/folder.ts";
import { betFrame, type BetRow } from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";

const FINGERPRINT = "00ff00ff00ff00ff";
const GAP = ["", "", "", "", ""];

/** What a loaded batch contains. */
interface Loaded {
  bytes: Uint8Array;
  count: number;
  betIndex: number;
  line: number;
}

test("BatchLoader.load() cuts the file into batches of `maxAmount` bets", async (dir) => {
  const { loaded } = await loadAll(dir, csvOf(rows(25)), 10);
  assertEquals(loaded.map(({ bytes }) => bytes), [
    frameOf(0, rows(10)),
    frameOf(10, rows(10, 11)),
    frameOf(20, rows(5, 21)),
  ]);
  assertEquals(loaded.map(({ line }) => line), [1, 11, 21]);
  assertEquals(loaded.map(({ count }) => count), [10, 10, 5]);
  assertEquals(loaded.map(({ betIndex }) => betIndex), [0, 10, 20]);
});

test("BatchLoader.load() never makes a frame over 8192 bytes", async (dir) => {
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

test("BatchLoader.load() leaves gaps for unsendable rows, but not at a frame's ends", async (dir) => {
  const [a, b, c, d] = csvOf(rows(4)).split(/(?<=\n)/);
  const text = `x\n${a}\n${b}y\nz\n${c}${d}w`;
  const { loaded, problems } = await loadAll(dir, text, 3);
  assertEquals(loaded.map(({ bytes }) => bytes), [
    frameOf(1, [...rows(2), GAP, GAP, ...rows(1, 3)]),
    frameOf(6, rows(1, 4)),
  ]);
  assertEquals(loaded.map(({ line }) => line), [2, 8]);
  assertEquals(problems, [1, 5, 6, 9]);
});

test("OutgoingBatch.places() returns the places of bets, not of gaps", async (dir) => {
  const [a, b, c] = csvOf(rows(3)).split(/(?<=\n)/);
  const { batch } = await loadAll(dir, `${a}x\ny\n${b}z\n${c}`, 6);
  assertEquals(batch.places(), [0, 3, 5]);
  assertEquals([0, 1, 2, 3, 4, 5, 6].filter((at) => batch.hasBetAt(at)), [
    ...[0, 3, 5],
  ]);
  assertEquals([0, 3, 5].map((at) => batch.fieldsAt(at)), rows(3));
});

test("BatchLoader.load() begins a new frame if gaps would fill the current one", async (dir) => {
  for (const skipped of [0, 1, 1600, 1620, 1630, 70_000]) {
    const [first, last] = csvOf(rows(2)).split(/(?<=\n)/);
    const text = `${first}${"x\n".repeat(skipped)}${last}`;
    const { loaded } = await loadAll(dir, text, 10);
    const gaps = Array.from({ length: skipped }, () => GAP);
    const one = frameOf(0, [...rows(1), ...gaps, ...rows(1, 2)]);
    const expected = one.length <= 8192
      ? [one]
      : [frameOf(0, rows(1)), frameOf(1 + skipped, rows(1, 2))];
    assertEquals(loaded.map(({ bytes }) => bytes), expected);
  }
});

test("BatchLoader.byteOffset ends at the size of the file's content", async (dir) => {
  for (
    const [bets, end] of [[1, ""], [5, ""], [9999, ""], [9999, "x"]] as const
  ) {
    const text = `\ufeff${csvOf(rows(bets))}${end}`;
    const { passed } = await loadAll(dir, text, 200);
    const content = text.replaceAll("\r\n", "\n").slice(1);
    const size = new TextEncoder().encode(content).length;
    assertEquals(passed.at(-1), content.endsWith("\n") ? size : size + 1);
    assertEquals(passed, passed.toSorted((a, b) => a - b));
  }
});

async function loadAll(
  dir: string,
  text: string,
  maxAmount: number,
): Promise<
  {
    loaded: Loaded[];
    batch: OutgoingBatch;
    problems: number[];
    passed: number[];
  }
> {
  const path = `${dir}/agency.csv`;
  await Deno.writeTextFile(path, text);
  using file = await openFile(path, {});
  const problems: number[] = [];
  const loader = new BatchLoader(file.openReader(), {
    leftOut: new IndexSet(),
    identities: new Map(),
    agency: 9,
    fingerprint: FINGERPRINT,
    maxAmount,
    refused: { addUnsendable: ({ line }) => problems.push(line) },
  });
  const loaded: Loaded[] = [];
  // One batch is loaded again and again, as the sender does after a reply.
  const batch = new OutgoingBatch();
  const passed: number[] = [];
  for (;;) {
    const isLoaded = await loader.load(batch);
    passed.push(loader.byteOffset);
    if (!isLoaded) break;
    const { bytes, count, betIndex } = batch;
    const line = batch.lineAt(0);
    loaded.push({ bytes: bytes.slice(), count, betIndex, line });
  }
  return { loaded, batch, problems, passed };
}

function frameOf(betIndex: number, rows: readonly BetRow[]): Uint8Array {
  return betFrame({ agency: 9, fingerprint: FINGERPRINT, betIndex, rows });
}
