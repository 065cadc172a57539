import { assert, assertEquals, assertRejects } from "@std/assert";
import { crc32 } from "node:zlib";
import { DamagedStoreError } from "../../../storage/mod.ts";
import { FINGERPRINT, numberedBatch, rowsAt } from "../../support/batches.ts";
import {
  damageIn,
  joined,
  makeFile,
  scan,
  WRITES,
} from "../../support/scanned.ts";

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
  // Of whose last batch only the end is left.
  const [row] = new TextDecoder().decode(rowsAt(1, next)).split(/(?<=\n)/);
  const end = rowsAt(1, next).subarray(row!.length);
  assertEquals((await scan(joined(first, end))).committedSize, size);
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

Deno.test("readStoredBatch() refuses a mark that does not describe its rows", async () => {
  const bet = ",Ana,Gil,30904465,1999-03-17,2201";
  const table = [
    ...[[2, "1"], [2, "3"], [1, "2"], [2, "1.1.2"]],
    ...[[1, "1", "0"], [1, "1", "01"], [1, "1", "x"]],
  ] as [number, string, string?][];
  for (const [rows, runs, agency = "1"] of table) {
    const start = Array(rows).fill(`${agency}${bet}`).join("\n") +
      `,${FINGERPRINT}:7:${runs}:0:`;
    const crc = crc32(start).toString(16).padStart(8, "0");
    const bytes = new TextEncoder().encode(`${start}${crc}\n`);
    const { batches } = await scan(bytes);
    assertEquals(
      batches,
      [undefined] as unknown,
      `${runs} of ${rows}, ${agency}`,
    );
  }
});

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
