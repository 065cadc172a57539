import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { SourceFile } from "../../agency/source/source_file.ts";
import { ProgramError } from "../../program/errors.ts";
import { CHUNK_BYTES } from "../support/fingerprint.ts";
import { systemError } from "../support/failing_calls.ts";
import { testInFolder as test } from "../support/folder.ts";
import { contentIn, openSource } from "../support/records.ts";
import { replace } from "../support/replaced.ts";
import { assertProblem } from "../support/problems.ts";

const UTF8 = new TextEncoder();

const CHANGES: Record<string, [(path: string) => Promise<void>, RegExp]> = {
  "appended to": [
    (path) => Deno.writeTextFile(path, "more", { append: true }),
    /it had 9 bytes and now has 13/,
  ],
  "cut": [(path) => Deno.truncate(path, 4), /it had 9 bytes and now has 4/],
  "overwritten": [
    async (path) => {
      await Deno.writeTextFile(path, "OTHERS...");
      await Deno.utime(path, 1, 1);
    },
    /it was written to/,
  ],
  "replaced": [
    async (path) => {
      await Deno.writeTextFile(`${path}.new`, "SOMETHING");
      await Deno.rename(`${path}.new`, path);
    },
    /another file has its name now/,
  ],
  "removed": [(path) => Deno.remove(path), /No such file/],
};

for (const [name, [change, what]] of Object.entries(CHANGES)) {
  test(`SourceFile.throwIfChanged() detects that the file was ${name}`, async (dir) => {
    const path = `${dir}/bets.csv`;
    using source = await openSource(dir, "something", {});
    source.throwIfChanged();
    await change(path);
    const error = assertThrows(
      () => source.throwIfChanged(),
      ProgramError,
      `agency's file "${path}": it changed while it was sent`,
    );
    assertMatch(error.message, what);
    // Chunks in memory are still returned.
    assertEquals(await contentIn(source), UTF8.encode("something\n"));
  });
}

test("SourceFile.readChunk() refuses bytes that were not hashed, even with the same time", async (dir) => {
  const path = `${dir}/bets.csv`;
  const text = "a".repeat(2 * CHUNK_BYTES + 9);
  for (const at of [0, CHUNK_BYTES, text.length - 1]) {
    using source = await openSource(dir, text);
    const { atime, mtime } = await Deno.stat(path);
    using file = await Deno.open(path, { write: true });
    await file.seek(at, Deno.SeekMode.Start);
    await file.write(Uint8Array.of(0x62));
    await Deno.utime(path, atime!, mtime!);
    source.throwIfChanged();
    const changed = Math.floor(at / CHUNK_BYTES);
    for (let index = 0; index < source.chunks; index++) {
      const into = new Uint8Array(CHUNK_BYTES);
      if (index !== changed) await source.readChunk(index, into);
      else {
        await assertRejects(
          () => source.readChunk(index, into),
          ProgramError,
          "it changed while it was sent (its content is not what was read at first)",
        );
      }
    }
  }
});

test("readChunk() reports a file that cannot be read", async (dir) => {
  const path = `${dir}/bets.csv`;
  using source = await openSource(dir, "something");
  using _failing = replace(Deno.FsFile.prototype, {
    readSync(): never {
      throw systemError("Input/output error (os error 5)", "EIO");
    },
  });
  await assertRejects(
    () => source.readChunk(0, new Uint8Array(20)),
    ProgramError,
    `Cannot read agency's file "${path}": Input/output error`,
  );
});

test("readChunk() reports a file that was cut", async (dir) => {
  const path = `${dir}/bets.csv`;
  using source = await openSource(dir, "something");
  await Deno.truncate(path, 4);
  await assertProblem(
    () => source.readChunk(0, new Uint8Array(20)),
    "it ends at byte 4 of 9",
  );
  // A file of exactly the limit is kept in memory.
  using kept = await SourceFile.open(path, { keptBytes: 4 });
  await Deno.truncate(path, 1);
  assertEquals(await contentIn(kept), UTF8.encode("some\n"));
});
