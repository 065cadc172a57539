import { assertEquals, assertThrows } from "@std/assert";
import { PendingFile, replaceFile } from "../../agency/output/output_file.ts";
import { contents, testInFolder as test } from "../support/folder.ts";
import { replace } from "../support/replaced.ts";

/** Replaces a file twice, and returns what was flushed and renamed. */
function replaceTwice(path: string): string[] {
  const calls: string[] = [];
  const { renameSync } = Deno;
  using _renames = replace(Deno, {
    renameSync(from, to): void {
      calls.push("rename");
      renameSync(from, to);
    },
  });
  using _flushes = replace(Deno.FsFile.prototype, {
    syncDataSync: () => void calls.push("flush"),
    syncSync: () => void calls.push("flush folder"),
  });
  replaceFile(path, "new");
  replaceFile(path, "new", { mode: 0o640, isFlushed: true });
  return calls;
}

test("replaceFile() flushes a file before its rename, and its folder after it", async (dir) => {
  const path = `${dir}/file`;
  assertEquals(replaceTwice(path), [
    "rename",
    "flush",
    "rename",
    "flush folder",
  ]);
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o640);
  assertEquals(await contents(dir), { file: "new" });
});

test("PendingFile.write() writes all bytes, in order", async (dir) => {
  const bytes = new TextEncoder().encode("x".repeat(40_000));
  const { writeSync } = Deno.FsFile.prototype;
  {
    using _short = replace(Deno.FsFile.prototype, {
      writeSync(this: Deno.FsFile, part): number {
        return writeSync.call(this, part.subarray(0, 30_000));
      },
    });
    using file = new PendingFile(`${dir}/file`);
    for (const byte of [0x61, 0x62, 0x63]) file.write(bytes.fill(byte));
    file.rename(`${dir}/file`, 0o600);
  }
  const expected = ["a", "b", "c"].map((text) => text.repeat(40_000)).join("");
  const { file } = await contents(dir);
  assertEquals(file === expected, true);
});

test("replaceFile() leaves no temporary file if it fails", async (dir) => {
  const path = `${dir}/folder`;
  await Deno.mkdir(`${path}/full`, { recursive: true });
  assertThrows(
    () => replaceFile(path, "new", { mode: 0o640 }),
    Error,
    "os error",
  );
  assertEquals((await Array.fromAsync(Deno.readDir(dir))).length, 1);
});
