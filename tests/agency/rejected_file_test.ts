import { assertEquals, assertRejects } from "@std/assert";
import { RejectedFile } from "../../agency/rejected_file.ts";
import { BatchLoader, OutgoingBatch } from "../../agency/outgoing_batch.ts";
import { SourceFile } from "../../agency/source_file.ts";
import { RecordReader } from "../../agency/record_reader.ts";
import { testInFolder } from "../support/folder.ts";

const CSV = "a,b,1,2000-01-01,1\r\n" +
  "no bet\r\n" +
  '"ñ ""x""",b,2,2000-01-01,1\n' +
  "\n" +
  "c,d,3,2000-01-01,1\r\n" +
  "e,f,4,2000-01-01,1";

testInFolder(
  "complete() removes a stale file, and makes none",
  async (dir) => {
    const path = await putFile(dir);
    await Deno.writeTextFile(`${path}.rejected.csv`, "stale\n");
    using source = await SourceFile.open(path);
    using rejected = new RejectedFile(source);
    assertEquals(rejected.rows, 0);
    assertEquals(await readRejected(path), "stale\n");
    await rejected.complete();
    await assertRejects(() => readRejected(path), Deno.errors.NotFound);
    await rejected.complete();
  },
);

testInFolder("complete() keeps the rows of this run", async (dir) => {
  const path = await putFile(dir, "one\ntwo\n");
  await Deno.writeTextFile(`${path}.rejected.csv`, "stale, and longer\n");
  using source = await SourceFile.open(path);
  using rejected = new RejectedFile(source);
  await rejected.add(4, 8);
  await rejected.complete();
  assertEquals(await readRejected(path), "two\n");
});

testInFolder("open() fails on what is no file", async (dir) => {
  await assertRejects(
    () => SourceFile.open(`${dir}/nothing.csv`),
    Deno.errors.NotFound,
  );
});

testInFolder("add() copies rows to the byte", async (dir) => {
  const path = await putFile(dir);
  const [, second, third] = CSV.split(/(?<=\n)/).map((line) =>
    new TextEncoder().encode(line).length
  );
  const start = CSV.indexOf("no bet");
  using source = await SourceFile.open(path);
  using rejected = new RejectedFile(source);
  await rejected.add(start + second!, start + second! + third!);
  await rejected.add(start, start + second!);
  assertEquals(rejected.rows, 2);
  assertEquals(
    await readRejected(path),
    '"ñ ""x""",b,2,2000-01-01,1\nno bet\r\n',
  );
});

testInFolder("add() ends a last row that has no line end", async (dir) => {
  const path = await putFile(dir, "one\ntwo");
  using source = await SourceFile.open(path);
  using rejected = new RejectedFile(source);
  await rejected.add(4, 7);
  await rejected.add(0, 4);
  assertEquals(await readRejected(path), "two\none\n");
});

testInFolder("add() copies a row larger than its buffer", async (dir) => {
  const long = `${"xyz".repeat(100_000)}\r\n`;
  const path = await putFile(dir, `a\n${long}b\n`);
  using source = await SourceFile.open(path);
  using rejected = new RejectedFile(source);
  await rejected.add(2, 2 + long.length);
  assertEquals(await readRejected(path), long);
});

testInFolder(
  "addBatch() copies a whole batch, and tells the line",
  async (dir) => {
    const path = await putFile(dir);
    const expected = CSV.split(/(?<=\n)/).filter((line) => line.includes(","));
    const lines = [1, 3, 5, 6];
    for (const [index, line] of lines.entries()) {
      using source = await SourceFile.open(path);
      using rejected = new RejectedFile(source);
      const batch = await load(path, 100);
      assertEquals((await rejected.addBatch(batch, index)).line, line);
      assertEquals(rejected.rows, 4);
      assertEquals(await readRejected(path), `${expected.join("")}\n`);
    }
  },
);

testInFolder("addBatch() takes no more than the batch", async (dir) => {
  const path = await putFile(dir);
  using source = await SourceFile.open(path);
  using rejected = new RejectedFile(source);
  const batch = await load(path, 2);
  assertEquals(await rejected.addBatch(batch, 65535), {
    line: 1,
    text: "a,b,1,2000-01-01,1",
  });
  assertEquals(
    await readRejected(path),
    'a,b,1,2000-01-01,1\r\n"ñ ""x""",b,2,2000-01-01,1\n',
  );
  assertEquals(rejected.rows, 2);
});

async function putFile(dir: string, text = CSV): Promise<string> {
  const path = `${dir}/agency.csv`;
  await Deno.writeTextFile(path, text);
  return path;
}

async function readRejected(path: string): Promise<string> {
  return await Deno.readTextFile(`${path}.rejected.csv`);
}

async function load(path: string, maxAmount: number): Promise<OutgoingBatch> {
  using source = await SourceFile.open(path);
  const file = new RecordReader(source);
  const batch = new OutgoingBatch();
  await new BatchLoader(file, {
    agency: 1,
    fingerprint: "0123456789abcdef",
    maxAmount,
    onProblem: () => Promise.resolve(),
  }).load(batch);
  return batch;
}
