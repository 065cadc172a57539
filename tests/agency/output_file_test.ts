import {
  assertEquals,
  assertFalse,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { PendingFile, replaceFile } from "../../agency/output/output_file.ts";
import { everyTurn } from "../support/deadline.ts";
import { changeWrites } from "../support/failing_calls.ts";
import { contents, testInFolder as test } from "../support/folder.ts";
import { replace } from "../support/replaced.ts";

const CONTENT = new TextEncoder().encode("new");

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
  });
  replaceFile(path, CONTENT, 0o600);
  replaceFile(path, CONTENT, 0o640, { isFlushed: true });
  return calls;
}

test("replaceFile() flushes a file before its rename", async (dir) => {
  const path = `${dir}/file`;
  assertEquals(replaceTwice(path), ["rename", "flush", "rename"]);
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o640);
  assertEquals(await contents(dir), { file: "new" });
});

test("PendingFile.write() copies and writes in order", async (dir) => {
  const bytes = new TextEncoder().encode("x".repeat(40_000));
  let isWriting = false;
  {
    using _slow = changeWrites("file", async (write, part) => {
      assertFalse(isWriting);
      isWriting = true;
      await everyTurn();
      isWriting = false;
      return await write(part.subarray(0, 30_000));
    });
    await using file = await PendingFile.create(`${dir}/file`);
    for (const byte of [0x61, 0x62, 0x63]) await file.write(bytes.fill(byte));
    await file.rename(`${dir}/file`, 0o600);
  }
  const expected = ["a", "b", "c"].map((text) => text.repeat(40_000)).join("");
  const { file } = await contents(dir);
  assertEquals(file === expected, true);
});

test("a file that cannot be replaced leaves nothing", async (dir) => {
  const path = `${dir}/folder`;
  await Deno.mkdir(`${path}/full`, { recursive: true });
  assertThrows(() => replaceFile(path, CONTENT, 0o640), Error, "os error");
  await assertRejects(
    async () => {
      await using file = await PendingFile.create(path);
      await file.write(CONTENT);
      await file.rename(path, 0o640);
    },
    Error,
    "os error",
  );
  assertEquals((await Array.fromAsync(Deno.readDir(dir))).length, 1);
});
