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
  await rejected.add(bytesOf("two"));
  await rejected.complete();
  assertEquals(await readRejected(path), "two\n");
});

testInFolder("add() writes rows with the file's line end", async (dir) => {
  for (const lineEnd of ["\n", "\r\n"]) {
    const path = await putFile(dir, `one${lineEnd}two`);
    using source = await SourceFile.open(path);
    using rejected = rejectedFile(source);
    await rejected.add(bytesOf("two"));
    await rejected.add(bytesOf("ñ"));
    assertEquals(rejected.rows, 2);
    assertEquals(await readRejected(path), `two${lineEnd}ñ${lineEnd}`);
  }
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
      const copied = rows.map((row) => `${lines[row]!.trimEnd()}\r\n`);
      assertEquals(await readRejected(path), copied.join(""));
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
      () => rejected.add(bytesOf("row")),
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

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
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
