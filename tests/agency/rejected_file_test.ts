import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type DeliveredFile, openFile } from "../../agency/delivered_file.ts";
import { IndexSet } from "../../agency/index_set.ts";
import { hashOf } from "../../agency/output/output_file.ts";
import {
  inputPath,
  type KnownCopies,
  type RejectedCopy,
  RejectedFile,
  rejectedPath,
} from "../../agency/output/rejected_file.ts";
import { limits } from "../../agency/source/source_file.ts";
import { ProgramError } from "../../program/errors.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { failChmod, failOpen } from "../support/failing_calls.ts";
import { testInFolder as test } from "../support/folder.ts";

const CSV = "a,b,1,2000-01-01,1\r\n" +
  "no bet\r\n" +
  '"ñ ""x""",b,2,2000-01-01,1\r\n' +
  "\r\n" +
  "c,d,3,2000-01-01,1\r\n" +
  "e,f,4,2000-01-01,1";
const NONE = known();
const onReady = () => Promise.resolve();

test("RejectedFile.write() copies rows unchanged, in the file's order", async (dir) => {
  const lines = CSV.split("\r\n").filter((line) => line !== "");
  for (const indexes of [[0], [4], [3, 1, 2], [0, 4], [4, 3, 2, 1, 0]]) {
    using file = await putFile(dir);
    const copy = await write(file, indexes);
    const rows = indexes.toSorted().map((index) => `${lines[index]}\r\n`);
    const path = `${dir}/agency.csv.rejected.csv`;
    assertEquals(copy?.path, path);
    assertEquals(await Deno.readTextFile(path), rows.join(""));
    assertEquals(copy?.hash, await hashOf(path));
    await Deno.remove(path);
  }
});

test("RejectedFile.write() makes the copy as private as its source", async (dir) => {
  for (const mode of [0o600, 0o640, 0o664, 0o755]) {
    using file = await putFile(dir, CSV, mode);
    const copy = await write(file, [1]);
    // The copy is never executable.
    assertEquals((await Deno.stat(copy!.path)).mode! & 0o777, mode & 0o666);
    await Deno.remove(copy!.path);
  }
});

test("RejectedFile.write() reports a copy that it cannot remove or replace", async (dir) => {
  const log = CapturedLog.start();
  using file = await putFile(dir);
  {
    using _failing = failChmod();
    await assertRejects(() => write(file, [1]), ProgramError, "not permitted");
  }
  assertEquals(namesIn(dir), ["agency.csv"]);
  const copy = (await write(file, [1]))!;
  const copies = known(copy);
  using _failing = failOpen("EROFS");
  await write(file, [], copies);
  assertEquals(log.lines.slice(1), [
    `WARN action: remove_rejected | result: fail | file: ${await Deno.realPath(
      copy.path,
    )} | error: Read-only file system (os error 30)`,
  ]);
});

test("RejectedFile.write() removes and replaces only what an earlier run wrote", async (dir) => {
  CapturedLog.start();
  const path = `${dir}/agency.csv.rejected.csv`;
  using file = await putFile(dir);
  const first = await write(file, [1]);
  assertEquals(await write(file, [], NONE), undefined);
  assertEquals(await Deno.readTextFile(path), "no bet\r\n");
  const second = await write(file, [0], known(first!));
  assertEquals(second?.path, path);
  // The agency did not write the same content at another path.
  const other = { ...second!, path: `${dir}/other.csv` };
  await Deno.copyFile(path, other.path);
  const copies = known(other);
  await Deno.remove(other.path);
  await write(file, [], copies);
  assertEquals(namesIn(dir), ["agency.csv", "agency.csv.rejected.csv"]);
  // Copies of earlier runs are removed from any path.
  const third = await write(file, [1], known());
  assertEquals(third?.path, `${dir}/agency.csv.rejected-2.csv`);
  await write(file, [], known(third!, second!));
  assertEquals(namesIn(dir), ["agency.csv"]);
});

/** Files that may exist at the copy's path, and must be kept. */
const OTHERS: Record<string, (path: string, dir: string) => Promise<void>> = {
  "a file of the user's": (path) => Deno.writeTextFile(path, "notes"),
  "an empty file": (path) => Deno.writeTextFile(path, ""),
  "a folder": (path) => Deno.mkdir(path),
  async "a link"(path, dir) {
    await Deno.writeTextFile(`${dir}/target`, "notes");
    await Deno.symlink(`${dir}/target`, path);
  },
  "a dangling link": (path, dir) => Deno.symlink(`${dir}/nothing`, path),
};

for (const [what, put] of Object.entries(OTHERS)) {
  test(`RejectedFile.write() keeps ${what}, and takes a free name`, async (dir) => {
    const log = CapturedLog.start();
    using file = await putFile(dir);
    const path = `${dir}/agency.csv.rejected.csv`;
    await put(path, dir);
    const before = await describe(path);
    rejectedFile(file).check();
    await write(file, []);
    await write(file, [], {
      ...NONE,
      written: new Map([[path, "00ff00ff00ff00ff"]]),
    });
    assertEquals(await describe(path), before);
    const copy = await write(file, [1]);
    assertEquals(copy?.path, `${dir}/agency.csv.rejected-2.csv`);
    assertEquals(await Deno.readTextFile(copy!.path), "no bet\r\n");
    assertEquals(await describe(path), before);
    assertEquals(log.lines.slice(1), [
      `WARN action: write_rejected | result: success | file: ${
        copy!.path
      } | reason: ${path} is not the copy that an earlier run wrote, so it is kept`,
    ]);
    assertEquals(
      (await write(file, [0]))?.path,
      `${dir}/agency.csv.rejected-3.csv`,
    );
    // The same rows do not take another free name.
    assertEquals((await write(file, [1]))?.path, copy!.path);
  });
}

test("RejectedFile.write() takes the next name if the first is the agency's own file", async (dir) => {
  const log = CapturedLog.start();
  using file = await putFile(dir);
  await Deno.link(file.source.path, `${dir}/link.csv`);
  await Deno.symlink(file.source.path, `${dir}/symlink.csv`);
  for (const name of ["agency", "link", "symlink"]) {
    const rejected = rejectedFile(file, `${dir}/${name}.csv`);
    rejected.check();
    const copy = await rejected.write(IndexSet.of([1]), NONE, onReady);
    assertEquals(copy?.path, `${dir}/${name}-2.csv`);
    assertEquals(await Deno.readTextFile(file.source.path), CSV);
    await rejected.write(IndexSet.of([]), known(copy!), onReady);
    await assertRejects(() => Deno.stat(copy!.path), Deno.errors.NotFound);
  }
  assertEquals(log.linesWith("kept"), []);
  // The copy of a copy must not replace it either.
  const all = IndexSet.of([0]);
  await Deno.writeTextFile(`${dir}/copy-2.csv`, "c,d,3,2000-01-01,1\n");
  await Deno.writeTextFile(`${dir}/copy.csv`, "notes");
  using copy = await openFile(`${dir}/copy-2.csv`, {});
  const next = await rejectedFile(copy, `${dir}/copy.csv`).write(
    all,
    NONE,
    onReady,
  );
  assertEquals(next?.path, `${dir}/copy-3.csv`);
  assertEquals(log.lines.at(-1)?.startsWith("WARN"), true);
});

test("inputPath() returns the name of an existing file unchanged", async (dir) => {
  assertEquals(inputPath(`${dir}/{id}.csv`, "3"), `${dir}/3.csv`);
  await Deno.writeTextFile(`${dir}/{id}.csv`, "");
  assertEquals(inputPath(`${dir}/{id}.csv`, "3"), `${dir}/{id}.csv`);
});

test("RejectedFile.write() fails if the agency's file has changed", async (dir) => {
  const { keptBytes } = limits;
  limits.keptBytes = 0;
  using _restored = { [Symbol.dispose]: () => limits.keptBytes = keptBytes };
  using file = await putFile(dir, "a,b,1,2000-01-01,1\n");
  const { path } = file.source;
  await Deno.writeTextFile(path, "a,b,2,2000-01-01,1\n");
  const error = await assertRejects(() => write(file, [0]), ProgramError);
  assertEquals(
    error.message,
    `Cannot finish sending agency's file "${path}": it changed while it was sent (its content is not what was read at first); check it, then send it again`,
  );
  assertEquals(namesIn(dir), ["agency.csv"]);
});

test("RejectedFile.check() refuses what cannot be replaced", async (dir) => {
  using file = await putFile(dir);
  await Deno.symlink("/dev/null", `${dir}/link`);
  for (const path of ["/dev/null", `${dir}/link`]) {
    assertThrows(
      () => rejectedFile(file, path).check(),
      ProgramError,
      `"${path}": it is a device or a pipe, expected a regular file`,
    );
  }
});

test("RejectedFile.check() names a file that cannot be written", async (dir) => {
  using file = await putFile(dir);
  assertThrows(
    () => rejectedFile(file, `${dir}/none/x.csv`).check(),
    ProgramError,
    `Cannot write the refused rows to "${dir}/none/x.csv": No such file or directory (os error 2); set`,
  );
});

Deno.test("rejectedPath() names a pipe's copy by its fingerprint", () => {
  const fingerprint = "0123456789abcdef";
  const pipe = { path: "-", fingerprint };
  assertEquals(
    rejectedPath("{file}.rejected.csv", 3, pipe),
    ".data/stdin-3-0123456789abcdef.rejected.csv",
  );
  const file = { path: "a.csv", fingerprint };
  assertEquals(rejectedPath("{file}-{id}{x}", 3, file), "a.csv-3{x}");
});

function rejectedFile(
  file: DeliveredFile,
  path = `${file.source.path}.rejected.csv`,
): RejectedFile {
  return new RejectedFile(path, file);
}

async function write(
  file: DeliveredFile,
  indexes: readonly number[],
  copies = NONE,
): ReturnType<RejectedFile["write"]> {
  return await rejectedFile(file).write(IndexSet.of(indexes), copies, onReady);
}

function known(...copies: RejectedCopy[]): KnownCopies {
  const written = copies.map(({ path, hash }) =>
    [Deno.realPathSync(path), hash] as const
  );
  return { written: new Map(written), isOfOther: () => Promise.resolve(false) };
}

async function putFile(
  dir: string,
  text = CSV,
  mode = 0o644,
): Promise<DeliveredFile> {
  const path = `${dir}/agency.csv`;
  await Deno.writeTextFile(path, text);
  await Deno.chmod(path, mode);
  return await openFile(path, {});
}

function namesIn(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
}

async function describe(path: string): Promise<unknown> {
  const { isFile, isDirectory, isSymlink, size, ino } = await Deno.lstat(path);
  return { isFile, isDirectory, isSymlink, size, ino };
}
