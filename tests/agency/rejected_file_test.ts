import { assertEquals, assertRejects } from "@std/assert";
import {
  RejectedFile,
  type RejectedFileOptions,
} from "../../agency/rejected_file.ts";
import { BatchLoader, OutgoingBatch } from "../../agency/outgoing_batch.ts";
import { SourceFile } from "../../agency/source/source_file.ts";
import { RecordReader } from "../../agency/source/record_reader.ts";
import { ProgramError } from "../../program/errors.ts";
import { testInFolder } from "../support/folder.ts";

const CSV = "a,b,1,2000-01-01,1\r\n" +
  "no bet\r\n" +
  '"ñ ""x""",b,2,2000-01-01,1\n' +
  "\n" +
  "c,d,3,2000-01-01,1\r\n" +
  "e,f,4,2000-01-01,1";

testInFolder(
  "complete() removes an old file, and creates none",
  async (dir) => {
    const path = await putFile(dir);
    await Deno.writeTextFile(`${path}.rejected.csv`, "stale\n");
    using source = await SourceFile.open(path);
    using rejected = rejectedFile(source);
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
  using rejected = rejectedFile(source);
  await rejected.add(4, 8);
  await rejected.complete();
  assertEquals(await readRejected(path), "two\n");
});

testInFolder("open() fails on a folder", async (dir) => {
  await assertRejects(
    () => SourceFile.open(`${dir}/nothing.csv`),
    Deno.errors.NotFound,
  );
});

testInFolder("add() copies rows byte by byte", async (dir) => {
  const path = await putFile(dir);
  const [, second, third] = CSV.split(/(?<=\n)/).map((line) =>
    new TextEncoder().encode(line).length
  );
  const start = CSV.indexOf("no bet");
  using source = await SourceFile.open(path);
  using rejected = rejectedFile(source);
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
  using rejected = rejectedFile(source);
  await rejected.add(4, 7);
  await rejected.add(0, 4);
  assertEquals(await readRejected(path), "two\none\n");
});

testInFolder("add() copies a row larger than its buffer", async (dir) => {
  const long = `${"xyz".repeat(100_000)}\r\n`;
  const path = await putFile(dir, `a\n${long}b\n`);
  using source = await SourceFile.open(path);
  using rejected = rejectedFile(source);
  await rejected.add(2, 2 + long.length);
  assertEquals(await readRejected(path), long);
});

testInFolder(
  "addRows() copies rows of a batch, and returns their lines",
  async (dir) => {
    const path = await putFile(dir);
    const lines = CSV.split(/(?<=\n)/).filter((line) => line.includes(","));
    const numbers = [1, 3, 5, 6];
    for (const rows of [[0], [3], [1, 2], [0, 3], [0, 1, 2, 3]]) {
      using source = await SourceFile.open(path);
      using rejected = rejectedFile(source);
      const batch = await load(path, 100);
      assertEquals(
        await rejected.addRows(batch, new Set(rows)),
        rows.map((row) => ({
          row,
          line: numbers[row]!,
          text: lines[row]!.trimEnd(),
        })),
      );
      assertEquals(rejected.rows, rows.length);
      const copied = rows.map((row) => lines[row]!).join("");
      assertEquals(
        await readRejected(path),
        copied.endsWith("\n") ? copied : `${copied}\n`,
      );
    }
  },
);

testInFolder("addRows() uses the file's separator", async (dir) => {
  const path = await putFile(dir, "a;b;1;2000-01-01;1\nc,c;d;2;2000-01-01;2\n");
  using source = await SourceFile.open(path);
  using rejected = rejectedFile(source, { separator: ";" });
  const batch = await load(path, 100, ";");
  assertEquals(batch.count, 2);
  await rejected.addRows(batch, new Set([1]));
  assertEquals(await readRejected(path), "c,c;d;2;2000-01-01;2\n");
});

testInFolder("RejectedFile is never the agency's file", async (dir) => {
  const path = await putFile(dir);
  await Deno.link(path, `${dir}/link.csv`);
  await Deno.symlink(path, `${dir}/symlink.csv`);
  using source = await SourceFile.open(path);
  for (const name of ["agency.csv", "link.csv", "symlink.csv"]) {
    using rejected = rejectedFile(source, { path: `${dir}/${name}` });
    await assertRejects(
      () => rejected.throwIfSource(),
      ProgramError,
      `Cannot use agency.rejectedFile (CLI_AGENCY_REJECTEDFILE) "${dir}/${name}": it is the agency's file itself`,
    );
  }
  using rejected = rejectedFile(source);
  await rejected.throwIfSource();
  await Deno.copyFile(path, `${path}.rejected.csv`);
  await rejected.throwIfSource();
});

testInFolder(
  "add() names the key of a file that cannot be written",
  async (dir) => {
    using source = await SourceFile.open(await putFile(dir));
    using rejected = rejectedFile(source, { path: `${dir}/none/x.csv` });
    await assertRejects(
      () => rejected.add(0, 4),
      ProgramError,
      `Cannot write the rejected rows to "${dir}/none/x.csv": `,
    );
  },
);

function rejectedFile(
  source: SourceFile,
  options: Partial<RejectedFileOptions> = {},
): RejectedFile {
  const path = `${source.path}.rejected.csv`;
  return new RejectedFile(source, { path, separator: ",", ...options });
}

async function putFile(dir: string, text = CSV): Promise<string> {
  const path = `${dir}/agency.csv`;
  await Deno.writeTextFile(path, text);
  return path;
}

async function readRejected(path: string): Promise<string> {
  return await Deno.readTextFile(`${path}.rejected.csv`);
}

async function load(
  path: string,
  maxAmount: number,
  separator = ",",
): Promise<OutgoingBatch> {
  using source = await SourceFile.open(path);
  const file = new RecordReader(source, { separator });
  const batch = new OutgoingBatch();
  await new BatchLoader(file, {
    agency: 1,
    fingerprint: "0123456789abcdef",
    maxAmount,
    onProblem: () => Promise.resolve(),
  }).load(batch);
  return batch;
}
