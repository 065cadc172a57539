import { assert, assertEquals, assertRejects } from "@std/assert";
import { crc32 } from "node:zlib";
import type { Batch } from "../../bet/bet.ts";
import {
  DamagedStoreError,
  scanStore,
  type StoredBatch,
} from "../../storage/recovery/scan.ts";
import { rewriteTail } from "../../storage/recovery/torn_tail.ts";
import { RowBuffer } from "../../storage/row_buffer.ts";
import { batchOf, FINGERPRINT, numberedBatch } from "../support/batches.ts";
import { testInFolder } from "../support/folder.ts";
import { MemoryFile } from "../support/memory_file.ts";
import { Random, randomBets, SEED } from "../support/random_bets.ts";

/** A store's bytes, and where each batch begins and ends. */
interface MadeStore {
  bytes: Uint8Array;
  /** Byte offset of each batch, and of the end. */
  starts: number[];
}

interface Scanned {
  batches: StoredBatch[];
  committedSize: number;
}

const SMALL = [
  numberedBatch(0, 2),
  numberedBatch(0, 1, { agency: 4294967295 }),
  numberedBatch(2, 3),
  numberedBatch(9, 1, { fingerprint: "fedcba9876543210" }),
  numberedBatch(5, 2),
];

function makeStore(batches: readonly Batch[]): MadeStore {
  const rows = new RowBuffer();
  const starts = [0];
  for (const batch of batches) {
    rows.addBatch(batch);
    starts.push(rows.rows.length);
  }
  return { bytes: rows.rows.slice(), starts };
}

async function scan(bytes: Uint8Array, maxRead?: number): Promise<Scanned> {
  const batches: StoredBatch[] = [];
  const file = new MemoryFile(bytes, maxRead);
  const { committedSize, size } = await scanStore(
    file,
    (batch) => batches.push(batch),
  );
  assertEquals(size, bytes.length);
  assert(file.bytes === bytes, "the file was written to");
  return { batches, committedSize };
}

/** The byte offset at which the scan reports damage. */
async function damageIn(bytes: Uint8Array, maxRead?: number): Promise<number> {
  const error = await assertRejects(
    () => scan(bytes, maxRead),
    DamagedStoreError,
  );
  return error.byteOffset;
}

/** Asserts that exactly the first `count` of these batches were found. */
function assertFirst(
  { batches, committedSize }: Scanned,
  count: number,
  { starts }: MadeStore,
  written: readonly Batch[],
  message?: string,
): void {
  assertEquals(
    batches.map(({ agency, fingerprint, betIndex, count, byteOffset }) => ({
      ...{ agency, fingerprint, betIndex, count, byteOffset },
    })),
    written.slice(0, count).map((
      { agency, fingerprint, betIndex, count },
      index,
    ) => ({
      ...{ agency, fingerprint, betIndex, count, byteOffset: starts[index]! },
    })),
    message,
  );
  assertEquals(committedSize, starts[count], message);
}

Deno.test("scanStore() finds nothing in an empty file", async () => {
  assertEquals(await scan(new Uint8Array(0)), {
    batches: [],
    committedSize: 0,
  });
});

Deno.test("scanStore() finds every batch with reads of any size", async () => {
  const store = makeStore(SMALL);
  for (const maxRead of [1, 7, 100, Infinity]) {
    const scanned = await scan(store.bytes, maxRead);
    assertFirst(scanned, SMALL.length, store, SMALL, `${maxRead} at once`);
  }
});

Deno.test("scanStore() finds the winners of each batch in order", async () => {
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
  const scanned = await scan(makeStore(batches).bytes);
  assertEquals(
    scanned.batches.map(({ winners }) => winners),
    [["00", "02", "04"], [], ["00"]],
  );
});

Deno.test("scanStore() ends before a batch that is cut at any byte", async () => {
  const store = makeStore(SMALL);
  const { bytes, starts } = store;
  for (let size = starts[2]!; size < bytes.length; size++) {
    const whole = starts.findLastIndex((start) => start <= size);
    const scanned = await scan(bytes.slice(0, size));
    assertFirst(scanned, whole, store, SMALL, `cut at byte ${size}`);
  }
});

Deno.test("scanStore() finds no wrong bet for any changed byte, and reports the damage", async () => {
  const store = makeStore(SMALL);
  const { bytes, starts } = store;
  const last = SMALL.length - 1;
  for (let at = starts[2]!; at < bytes.length; at++) {
    const hit = starts.findLastIndex((start) => start <= at);
    const isTail = hit === last;
    for (const changed of [bytes[at]! ^ 1 << at % 8, bytes[at]! ^ 255, 10]) {
      if (changed === bytes[at]) continue;
      const damaged = bytes.with(at, changed);
      const where = `${changed} at byte ${at}`;
      if (isTail) {
        await assertTail(damaged, at, hit, store, where);
      } else {
        assertEquals(await damageIn(damaged), starts[hit], where);
      }
    }
  }
});

/**
 * The last batch counts as a torn tail, unless one of its complete lines is not
 * a row: then that line is the damage.
 */
async function assertTail(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  hit: number,
  store: ReturnType<typeof makeStore>,
  where: string,
): Promise<void> {
  const lastLine = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
  try {
    assertFirst(await scan(bytes), hit, store, SMALL, where);
  } catch (error) {
    if (!(error instanceof DamagedStoreError)) throw error;
    assert(at < lastLine, where);
    assert(error.byteOffset >= store.starts[hit]!, where);
    // A line end may complete a row, and the rest after it is not one.
    assert(error.byteOffset <= at + 1, where);
  }
}

Deno.test("scanStore() finds damage if bytes are missing or added", async () => {
  const { bytes, starts } = makeStore(SMALL);
  for (let at = starts[1]!; at < starts[2]! - 1; at++) {
    const less = Uint8Array.from([
      ...bytes.slice(0, at),
      ...bytes.slice(at + 1),
    ]);
    assertEquals(await damageIn(less), starts[1], `without byte ${at}`);
    for (const extra of [0x0a, 0x30]) {
      const more = Uint8Array.from(
        [...bytes.slice(0, at), extra, ...bytes.slice(at)],
      );
      assertEquals(await damageIn(more), starts[1], `${extra} at ${at}`);
    }
  }
});

Deno.test("scanStore() treats zeros after the last batch as a torn tail", async () => {
  const store = makeStore(SMALL);
  const bytes = new Uint8Array(store.bytes.length + 4096);
  bytes.set(store.bytes);
  assertFirst(await scan(bytes), SMALL.length, store, SMALL);
});

Deno.test("scanStore() treats a write with a lost sector as a torn tail, whatever follows", async () => {
  const batches = [0, 40, 80, 120].map((index) => numberedBatch(index, 40));
  const store = makeStore(batches);
  for (let sector = 512; sector < store.bytes.length; sector += 512) {
    const hit = store.starts.findLastIndex((start) => start <= sector);
    const bytes = store.bytes.slice().fill(0, sector, sector + 512);
    const scanned = await scan(bytes);
    assertFirst(scanned, hit, store, batches, `without sector at ${sector}`);
    // Anything but a whole sector of zeros is damage.
    bytes[sector + 256] = 0x30;
    if (hit < batches.length - 1 && sector + 512 <= store.starts[hit + 1]!) {
      assertEquals(await damageIn(bytes), store.starts[hit]);
    }
  }
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

Deno.test("scanStore() refuses a wrong count, even with the right CRC", async () => {
  const store = makeStore(SMALL.slice(0, 1));
  const row = "1,Ana,Gil,30904465,1999-03-17,2201";
  for (const [rows, count] of [[2, 1], [2, 3], [1, 2]] as const) {
    const start = Array(rows).fill(row).join("\n") +
      `,${FINGERPRINT}:7:${count}:`;
    const crc = crc32(start).toString(16).padStart(8, "0");
    const bytes = new TextEncoder().encode(`${start}${crc}\n`);
    const scanned = await scan(Uint8Array.from([...store.bytes, ...bytes]));
    assertFirst(scanned, 1, store, SMALL, `${count} of ${rows}`);
  }
});

Deno.test(`scanStore() finds every batch of a file larger than its window (seed ${SEED})`, async () => {
  const random = new Random(SEED);
  const batches: Batch[] = [];
  for (let size = 0; size < 2_500_000;) {
    const batch = batchOf(randomBets(random, 1 + random.below(40)), size);
    batches.push(batch);
    size += batch.bets.length;
  }
  const store = makeStore(batches);
  const { bytes, starts } = store;
  assert(bytes.length > 2 << 20, "as large as two windows");
  for (const maxRead of [99_999, Infinity]) {
    assertFirst(await scan(bytes, maxRead), batches.length, store, batches);
  }
  // Torn in the last batch, and after it without a line end.
  assertFirst(
    await scan(bytes.slice(0, -1)),
    batches.length - 1,
    store,
    batches,
  );
  // Damage before, at and after each edge of the window.
  for (const edge of [0, 1 << 20, 2 << 20]) {
    for (const at of [edge - 1, edge, edge + 1, edge + 70_000]) {
      if (at < 0) continue;
      const damaged = bytes.with(at, bytes[at]! ^ 1);
      const hit = starts.findLastIndex((start) => start <= at);
      assertEquals(await damageIn(damaged), starts[hit], `byte ${at}`);
    }
  }
});

Deno.test("scanStore() looks for a whole batch after garbage of any length", async () => {
  const { bytes, starts } = makeStore(SMALL);
  const first = bytes.slice(0, starts[1]);
  const whole = bytes.slice(starts[2], starts[3]);
  for (const filler of ["x", "\n", "1,Ana,Gil,30904465,1999-03-17,2201\n"]) {
    // After the third batch, the next one spans an edge of the window.
    for (const size of [100, 70_000, (1 << 20) - 100, 2_300_000]) {
      const text = filler.repeat(Math.ceil(size / filler.length));
      const garbage = new TextEncoder().encode(`2${text}\n`);
      const torn = new Uint8Array(
        await new Blob([first, garbage]).arrayBuffer(),
      );
      // Longer than any write, or a line that is no row: not a torn tail.
      if (size > 1 << 20 || filler === "\n") {
        assertEquals(await damageIn(torn), starts[1]);
      } else {
        const { batches, committedSize } = await scan(torn);
        assertEquals([batches.length, committedSize], [1, starts[1]]);
      }
      const damaged = await new Blob([torn, whole]).arrayBuffer();
      assertEquals(await damageIn(new Uint8Array(damaged)), starts[1]);
    }
  }
});

Deno.test("scanStore() does not read lines of another file as rows", async () => {
  const row = "1,Ana,Gil,30904465,1999-03-17,2201";
  const texts: [string, number][] = [
    ["588895\n".repeat(1000), 0],
    ["1\n2", 0],
    ["1,2,3,4,5,6\n7,8,9,1,2,3\n", 0],
    ["2024-01-31,Ana,Gil\n2024-02-01,Ana,Gil\n", 0],
    [`${row}\nnotes\n${row}\n`, row.length + 1],
    [`${row}\n${row},x\n${row}`, row.length + 1],
  ];
  for (const [text, byteOffset] of texts) {
    const bytes = new TextEncoder().encode(text);
    assertEquals(await damageIn(bytes), byteOffset, text.slice(0, 40));
    const { bytes: whole } = makeStore(SMALL);
    assertEquals(
      await damageIn(Uint8Array.from([...whole, ...bytes])),
      whole.length + byteOffset,
    );
  }
});

Deno.test("scanStore() does not treat another file as a torn write", async () => {
  const texts = ["x", "\n", "0,Ana", ":1", "first,last\n", " 1,Ana", '"1",Ana'];
  for (const text of [...texts, "\ufeff1,Ana"]) {
    assertEquals(await damageIn(new TextEncoder().encode(text)), 0, text);
  }
  for (const text of ["1", "9", "42,Ana\n", "\0", "\0\0\n"]) {
    const { committedSize } = await scan(new TextEncoder().encode(text));
    assertEquals(committedSize, 0, text);
  }
});
