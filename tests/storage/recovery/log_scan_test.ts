import { assert, assertEquals, assertRejects } from "@std/assert";
import { crc32 } from "node:zlib";
import type { Batch } from "../../../bet/bet.ts";
import { DamagedStoreError } from "../../../storage/mod.ts";
import {
  readStoredBatch,
  type StoredBatch,
} from "../../../storage/format/stored_batch.ts";
import { LogScan } from "../../../storage/recovery/log_scan.ts";
import { rewriteTail } from "../../../storage/recovery/repair.ts";
import {
  batchOf,
  FINGERPRINT,
  GAP,
  numberedBatch,
  numberedBet,
  rowsAt,
} from "../../support/batches.ts";
import { testInFolder } from "../../support/folder.ts";
import { MemoryFile } from "../../support/memory_file.ts";
import { Random, randomBets, SEED } from "../../support/random_bets.ts";

/** A bets file's bytes, and where each batch begins and ends. */
interface MadeFile {
  bytes: Uint8Array<ArrayBuffer>;
  /** Byte offset of each batch, and of the end. */
  starts: number[];
  /** Byte offset of the last write. */
  lastWrite: number;
}

interface Scanned {
  batches: StoredBatch[];
  committedSize: number;
}

/** Three writes, of which the last one has four batches, one with gaps. */
const WRITES = [
  [numberedBatch(0, 2), numberedBatch(0, 1, { agency: 4294967295 })],
  [numberedBatch(2, 3)],
  [
    numberedBatch(9, 1, { fingerprint: "fedcba9876543210" }),
    batchOf([numberedBet(5), GAP, numberedBet(7)], 5),
    numberedBatch(10, 2),
    numberedBatch(12, 2),
  ],
];

function makeFile(writes: readonly (readonly Batch[])[]): MadeFile {
  const starts = [0];
  let bytes = new Uint8Array(0);
  let lastWrite = 0;
  for (const batches of writes) {
    lastWrite = bytes.length;
    for (let i = 1; i <= batches.length; i++) {
      const write = rowsAt(lastWrite, batches.slice(0, i));
      starts.push(lastWrite + write.length);
    }
    bytes = joined(bytes, rowsAt(lastWrite, batches));
  }
  return { bytes, starts, lastWrite };
}

function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

async function scan(
  bytes: Uint8Array<ArrayBuffer>,
  { maxRead = Infinity, flushedSize = 0 } = {},
): Promise<Scanned> {
  const batches: StoredBatch[] = [];
  const file = new MemoryFile(bytes, maxRead);
  const scan = new LogScan(file, { flushedSize });
  for await (const entry of scan.entries()) {
    batches.push(readStoredBatch(entry)!);
  }
  assertEquals(await scan.checkRest(), bytes.length);
  assert(file.bytes === bytes, "the file was written to");
  return { batches, committedSize: scan.end.size };
}

/** The byte offset at which the scan reports damage. */
async function damageIn(
  bytes: Uint8Array<ArrayBuffer>,
  flushedSize = 0,
  message?: string,
): Promise<number> {
  const error = await assertRejects(
    () => scan(bytes, { flushedSize }),
    DamagedStoreError,
    undefined,
    message,
  );
  return error.byteOffset;
}

/** Asserts that exactly the first `count` batches of a file were found. */
async function assertCut(
  bytes: Uint8Array<ArrayBuffer>,
  count: number,
  { starts }: MadeFile,
  message: string,
): Promise<void> {
  try {
    const { batches, committedSize } = await scan(bytes);
    assertEquals([batches.length, committedSize], [count, starts[count]]);
  } catch (cause) {
    throw new Error(message, { cause });
  }
}

Deno.test("LogScan finds every batch with reads of any size", async () => {
  const { bytes, starts } = makeFile(WRITES);
  const written = WRITES.flat().map(({ agency, fingerprint, betIndex }) => ({
    ...{ agency, fingerprint, betIndex },
  }));
  for (const maxRead of [1, 7, 100, Infinity]) {
    const { batches, committedSize } = await scan(bytes, { maxRead });
    const found = batches.map(({ agency, fingerprint, ranges }) => ({
      ...{ agency, fingerprint, betIndex: ranges[0]!.start },
    }));
    assertEquals(found, written);
    assertEquals(committedSize, starts.at(-1));
    assertEquals(batches[4]!.ranges, [
      { start: 5, end: 6 },
      { start: 7, end: 8 },
    ]);
  }
});

Deno.test("LogScan finds the winners of each batch in order", async () => {
  const [bet] = randomBets(new Random(1), 1);
  const numbers = ["7574", "75740", "007574", "17574", "7574"];
  const bets = numbers.map((number, index) => ({
    ...bet!,
    firstName: ',7574,"',
    document: `0${index}`,
    number,
  }));
  const batches = [bets, bets.slice(1, 2), bets.slice(0, 1)]
    .map((bets) => batchOf(bets));
  const scanned = await scan(rowsAt(0, batches));
  assertEquals(
    scanned.batches.map(({ winners }) => winners),
    [["00", "02", "04"], [], ["00"]],
  );
});

Deno.test("LogScan cuts off a last write that ends at any byte", async () => {
  const file = makeFile(WRITES);
  const { bytes, starts, lastWrite } = file;
  for (let size = lastWrite; size < bytes.length; size++) {
    const whole = starts.findLastIndex((start) => start <= size);
    await assertCut(bytes.slice(0, size), whole, file, `cut at byte ${size}`);
  }
});

Deno.test("LogScan cuts off a last write with any changed byte, and refuses one in an earlier write", async () => {
  const file = makeFile(WRITES);
  const { bytes, starts, lastWrite } = file;
  for (let at = 0; at < bytes.length; at++) {
    const hit = starts.findLastIndex((start) => start <= at);
    for (const changed of [bytes[at]! ^ 1 << at % 7, at % 2 * 10]) {
      if (changed === bytes[at]) continue;
      const damaged = bytes.with(at, changed);
      const where = `${changed} at byte ${at}`;
      if (at >= lastWrite) await assertCut(damaged, hit, file, where);
      else assertEquals(await damageIn(damaged, 0, where), starts[hit], where);
    }
  }
});

Deno.test("LogScan finds bytes that are missing or added before the last write", async () => {
  const { bytes, starts, lastWrite } = makeFile(WRITES);
  for (let at = 0; at < lastWrite - 1; at++) {
    const hit = starts.findLastIndex((start) => start <= at);
    const less = joined(bytes.slice(0, at), bytes.slice(at + 1));
    assertEquals(await damageIn(less), starts[hit], `without byte ${at}`);
    for (const extra of [0x0a, 0x30]) {
      if (extra === bytes[at]) continue;
      const more = joined(
        bytes.slice(0, at),
        Uint8Array.of(extra),
        bytes.slice(at),
      );
      assertEquals(await damageIn(more), starts[hit], `${extra} at ${at}`);
    }
  }
});

Deno.test("LogScan cuts off a last write with lost sectors, and refuses one in an earlier write", async () => {
  const writes = [0, 400, 800].map((first) =>
    [0, 40, 80, 120].map((index) => numberedBatch(first + index, 40))
  );
  const file = makeFile(writes);
  const { bytes, starts, lastWrite } = file;
  for (let sector = 0; sector < bytes.length; sector += 512) {
    const where = `without the sector at ${sector}`;
    const lost = bytes.slice().fill(0, sector, sector + 512);
    const hit = starts.findLastIndex((start) => start <= sector);
    if (sector >= lastWrite) {
      await assertCut(lost, hit, file, where);
      // The file may end there too, or with zeros.
      await assertCut(lost.slice(0, sector + 512), hit, file, where);
      await assertCut(lost.fill(0, sector), hit, file, where);
    } else {
      assertEquals(await damageIn(lost, 0, where), starts[hit], where);
    }
  }
});

Deno.test("LogScan refuses a lost sector with the end of a write and the only batch of the last one", async () => {
  const small = numberedBatch(100, 6);
  const { bytes, starts, lastWrite } = makeFile([[numberedBatch(0, 3)], [
    small,
  ]]);
  // The last write's own mark is there, and names its place.
  const lost = bytes.slice().fill(0, lastWrite - 30, lastWrite + 100);
  assertEquals(await damageIn(lost), starts[0]);
  // Nothing of the last write is left but what the finished file knows.
  const gone = bytes.slice().fill(0, lastWrite - 30);
  assertEquals(await damageIn(gone, lastWrite), starts[0]);
  assertEquals((await scan(gone)).committedSize, starts[0]);
});

Deno.test("LogScan refuses a whole batch that is not at its place", async () => {
  const first = rowsAt(0, [numberedBatch(0, 2)]);
  const size = first.length;
  const next = [numberedBatch(2, 2)];
  for (const write of [1, size - 1, size + 1, size + 1000]) {
    const bytes = joined(first, rowsAt(write, next));
    assertEquals(await damageIn(bytes), size, `write at ${write}`);
    // The same after a torn batch.
    const torn = rowsAt(size, [numberedBatch(7, 1)]).slice(0, 40);
    const behind = joined(first, torn, rowsAt(write, next));
    assertEquals(await damageIn(behind), size, `write at ${write}, torn`);
  }
  assertEquals(await damageIn(rowsAt(5, next)), 0, "not at 0");
  // An earlier write does not go on after a later one.
  const second = rowsAt(size, next);
  const fallen = joined(first, second, rowsAt(0, [numberedBatch(8, 1)]));
  assertEquals(await damageIn(fallen), size + second.length);
});

Deno.test("LogScan refuses a store of an older version in one line", async () => {
  const start = `1,Ana,Gil,30904465,1999-03-17,2201,${FINGERPRINT}:0:1:`;
  const crc = crc32(start).toString(16).padStart(8, "0");
  const bytes = new TextEncoder().encode(`${start}${crc}\n`);
  const error = await assertRejects(() => scan(bytes), DamagedStoreError);
  assertEquals(error.byteOffset, 0);
  assert(/older version's; export .* with that version/.test(error.message));
});

testInFolder("rewriteTail() leaves a file unchanged", async (dir) => {
  const path = `${dir}/bets.csv`;
  const random = new Random(1);
  for (const size of [0, 1, 1 << 20, (1 << 20) + 1]) {
    const bytes = random.bytes(size);
    await Deno.writeFile(path, bytes);
    await rewriteTail(path, size);
    assertEquals((await Deno.readFile(path)).toHex(), bytes.toHex());
  }
});

Deno.test("readStoredBatch() refuses a mark that does not describe its rows", async () => {
  const row = "1,Ana,Gil,30904465,1999-03-17,2201";
  const table = [[2, "1"], [2, "3"], [1, "2"], [2, "1.1.2"]] as const;
  for (const [rows, runs] of table) {
    const start = Array(rows).fill(row).join("\n") +
      `,${FINGERPRINT}:7:${runs}:0:`;
    const crc = crc32(start).toString(16).padStart(8, "0");
    const bytes = new TextEncoder().encode(`${start}${crc}\n`);
    const { batches } = await scan(bytes);
    assertEquals(batches, [undefined] as unknown, `${runs} of ${rows}`);
  }
});

Deno.test(`LogScan finds every batch of a file larger than its window (seed ${SEED})`, async () => {
  const random = new Random(SEED);
  const writes: Batch[][] = [];
  for (let size = 0; size < 2_500_000;) {
    const batch = batchOf(randomBets(random, 1 + random.below(40)), size);
    writes.push([batch]);
    size += batch.bets.length;
  }
  const { bytes, starts } = fastFile(writes);
  assert(bytes.length > 2 << 20, "as large as two windows");
  for (const maxRead of [99_999, Infinity]) {
    const { batches, committedSize } = await scan(bytes, { maxRead });
    assertEquals(batches.length, writes.length);
    assertEquals(committedSize, bytes.length);
  }
  // Damage before, at and after each edge of the window, and of 64 KiB.
  for (const edge of [0, 1 << 16, 1 << 20, 2 << 20]) {
    for (const at of [edge - 1, edge, edge + 1, edge + 70_000]) {
      if (at < 0) continue;
      const damaged = bytes.with(at, bytes[at]! ^ 1);
      const hit = starts.findLastIndex((start) => start <= at);
      assertEquals(await damageIn(damaged), starts[hit], `byte ${at}`);
    }
  }
});

/** As {@linkcode makeFile}, for thousands of writes of one batch. */
function fastFile(writes: readonly Batch[][]): MadeFile {
  const parts: Uint8Array[] = [];
  const starts = [0];
  for (const batches of writes) {
    const part = rowsAt(starts.at(-1)!, batches);
    parts.push(part);
    starts.push(starts.at(-1)! + part.length);
  }
  const bytes = new Uint8Array(starts.at(-1)!);
  for (const [i, part] of parts.entries()) bytes.set(part, starts[i]!);
  return { bytes, starts, lastWrite: starts.at(-2)! };
}

Deno.test("LogScan refuses a tail that is longer than any write", async () => {
  const { bytes } = makeFile(WRITES);
  const row = "1,Ana,Gil,30904465,1999-03-17,2201\n";
  for (const size of [1 << 20, (1 << 20) + 1]) {
    const tail = new TextEncoder().encode(row.repeat(size / row.length + 1));
    const file = joined(bytes, tail.subarray(0, size));
    if (size > 1 << 20) assertEquals(await damageIn(file), bytes.length);
    else assertEquals((await scan(file)).committedSize, bytes.length);
  }
});

Deno.test("LogScan does not take lines of another file for a torn tail", async () => {
  const row = "1,Ana,Gil,30904465,1999-03-17,2201";
  const texts: [string, number][] = [
    ["588895\n".repeat(1000), 0],
    ["1\n2", 0],
    ["1,2,3,4,5,6\n7,8,9,1,2,3\n", 0],
    ["2024-01-31,Ana,Gil\n2024-02-01,Ana,Gil\n", 0],
    [`${row}\nnotes\n${row}\n`, row.length + 1],
    [`${row}\n${row},x\n${row}`, row.length + 1],
  ];
  const { bytes: whole } = makeFile(WRITES);
  for (const [text, byteOffset] of texts) {
    const bytes = new TextEncoder().encode(text);
    assertEquals(await damageIn(bytes), byteOffset, text.slice(0, 40));
    assertEquals(
      await damageIn(joined(whole, bytes)),
      whole.length + byteOffset,
    );
  }
});
