import { assert, assertEquals } from "@std/assert";
import type { Batch } from "../../../bet/bet.ts";
import { rewriteTail } from "../../../storage/recovery/repair.ts";
import { batchOf, numberedBatch, rowsAt } from "../../support/batches.ts";
import { testInFolder } from "../../support/folder.ts";
import { Random, randomBets, SEED } from "../../support/random_bets.ts";
import {
  assertCut,
  damageIn,
  type MadeFile,
  makeFile,
  scan,
  WRITES,
} from "../../support/scanned.ts";

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
