import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/csv";
import { CHUNK_BYTES, contentOf } from "../support/fingerprint.ts";
import { csvRow } from "../support/rows.ts";
import { testInFolder as test } from "../support/folder.ts";
import { Random, SEED } from "../support/random_bets.ts";
import { type ReadRecord, recordsOf } from "../support/records.ts";

const MAX_LINE_BYTES = 1 << 16;
const BET = ["Ana", "Núñez", "30904465", "1999-03-17", "7574"];

test("RecordReader.peek() reads records that a chunk's end cuts at any byte", async (dir) => {
  const quoted = '"Ana","Núñez",30904465,1999-03-17,"7574"';
  for (const line of [`${BET.join(",")}\r\n`, `${quoted}\n`]) {
    const size = contentOf(new TextEncoder().encode(line)).length;
    for (let before = 0; before <= size; before++) {
      const filling = filler(CHUNK_BYTES - before);
      const text = `${filling}${line}${line}`;
      const records = await recordsOf(dir, text, { keptBytes: before % 2 });
      const [first, second] = records.slice(-2);
      assertEquals(first?.fields, BET, `${before} bytes before the end`);
      assertEquals(first?.start, CHUNK_BYTES - before);
      assertEquals(second?.fields, BET);
      assertEquals(second?.end, CHUNK_BYTES - before + 2 * size);
      assert(records.every(({ problem }) => problem === undefined));
    }
  }
});

test("RecordReader.peek() keeps only the start of a line that is too long", async (dir) => {
  const sizes = [0, 1, CHUNK_BYTES, 3 * CHUNK_BYTES + 7].map((more) =>
    MAX_LINE_BYTES + more
  );
  for (const size of sizes) {
    for (const before of ["", `${BET.join(",")}\n`]) {
      for (const lineEnd of ["", "\r\n"]) {
        const text = `${before}${"x".repeat(size)}${lineEnd}`;
        const records = await recordsOf(dir, text);
        const start = new TextEncoder().encode(before).length;
        assertEquals(records.pop(), {
          index: before === "" ? 0 : 1,
          line: before === "" ? 1 : 2,
          start,
          end: start + size + 1,
          text: "x".repeat(MAX_LINE_BYTES),
          problem: size === MAX_LINE_BYTES
            ? "expected 5 fields but got 1"
            : `longer than ${MAX_LINE_BYTES} bytes`,
        });
        assertEquals(records.length, before === "" ? 0 : 1);
      }
    }
  }
});

test("peek() skips lines that are too long, and reads the lines beside them", async (dir) => {
  const long = `"${"y,".repeat(2 * CHUNK_BYTES)}`;
  const blank = " ,".repeat(2 * CHUNK_BYTES);
  const line = BET.join(",");
  const text =
    `${line}\n${long}\n${line}\r\n${blank}\n${blank}x\r\n${long}\n\n${line}\n`;
  const records = await recordsOf(dir, text);
  assertEquals(records.map(({ line }) => line), [1, 2, 3, 5, 6, 8]);
  assertEquals(records.map(({ index }) => index), [0, 1, 2, 3, 4, 5]);
  assertEquals(
    records.map(({ fields }) => fields),
    [BET, undefined, BET, undefined, undefined, BET],
  );
  const content = contentOf(new TextEncoder().encode(text));
  const { start, end } = records[4]!;
  assertEquals(
    new TextDecoder().decode(content.subarray(start, end)) === `${long}\n`,
    true,
  );
});

test(`peek() reads what @std/csv reads [seed ${SEED}]`, async (dir) => {
  const random = new Random(SEED);
  for (let round = 0; round < 4; round++) {
    const text = randomFile(random, 12_000);
    const records = await recordsOf(dir, text, { keptBytes: 0 });
    assertEquals(
      records.map(({ fields }) => fields),
      parse(text.replace(/^\ufeff/, "")),
    );
    assertSpans(records, text);
  }
});

/** Makes whole, valid lines of `size` bytes in total. */
function filler(size: number): string {
  const line = `${"x".repeat(250)},${"y".repeat(250)},1,2,3\n`;
  const count = Math.floor(size / line.length) - 1;
  const rest = size - count * line.length;
  const fields = Array.from(
    { length: 5 },
    (_, i) => "z".repeat(Math.floor((rest - 5 + i) / 5)),
  );
  return `${line.repeat(count)}${fields.join(",")}\n`;
}

/** A file of valid records in every notation. */
function randomFile(random: Random, count: number): string {
  const pieces = [..."abcñ€😀 ;,'\"7"];
  const text = random.below(2) === 0 ? "\ufeff" : "";
  const lines = Array.from({ length: count }, () => {
    if (random.below(20) === 0) return "";
    const fields = Array.from(
      { length: 5 },
      () =>
        Array.from({ length: random.below(12) }, () => random.pick(pieces))
          .join(""),
    );
    // A line of only spaces and separators would not be a record.
    fields[0] += "x";
    return csvRow(fields);
  });
  const ended = lines.map((line) => line + random.pick(["\n", "\r\n"]));
  const all = text + ended.join("");
  return random.below(2) === 0 ? all : all.trimEnd();
}

/** Asserts that each record is on a line of its own. */
function assertSpans(records: readonly ReadRecord[], text: string): void {
  const bytes = contentOf(new TextEncoder().encode(text));
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const lines = decoder.decode(bytes).split("\n");
  for (const record of records) {
    const own = decoder.decode(bytes.subarray(record.start, record.end));
    assertEquals(own, `${lines[record.line - 1]}\n`);
    assertEquals(own, `${record.text}\n`);
  }
}
