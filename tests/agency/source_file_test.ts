import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { createHash } from "node:crypto";
import { SourceFile } from "../../agency/source/source_file.ts";
import { ProgramError } from "../../program/errors.ts";
import { testInFolder } from "../support/folder.ts";

const FOUR_MIB = 1 << 22;

for (const size of [0, 1, 1000, FOUR_MIB, FOUR_MIB + 1, FOUR_MIB + 300_000]) {
  testInFolder(
    `SourceFile.fingerprint is the start of the SHA-256 of ${size} bytes`,
    async (dir) => {
      const bytes = Uint8Array.from({ length: size }, (_, i) => i * 31);
      const expected = createHash("sha256").update(bytes).digest("hex");
      await Deno.writeFile(`${dir}/bets.csv`, bytes);
      using source = await SourceFile.open(`${dir}/bets.csv`);
      assertEquals(source.fingerprint, expected.slice(0, 16));
    },
  );
}

testInFolder("SourceFile.open() stops when aborted", async (dir) => {
  await Deno.writeFile(`${dir}/bets.csv`, new Uint8Array(FOUR_MIB + 1));
  const stopped = AbortSignal.abort(new Error("stopped"));
  await assertRejects(
    () => SourceFile.open(`${dir}/bets.csv`, stopped),
    Error,
    "stopped",
  );
});

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
  testInFolder(`SourceFile tells when it was ${name}`, async (dir) => {
    const path = `${dir}/bets.csv`;
    await Deno.writeTextFile(path, "something");
    using source = await SourceFile.open(path);
    await source.throwIfChanged();
    await change(path);
    const error = await assertRejects(
      () => source.throwIfChanged(),
      ProgramError,
      `agency's file "${path}": it changed while it was sent`,
    );
    assertMatch(error.message, what);
    // Appended bytes are never read.
    if (name === "appended to") {
      const bytes = new Uint8Array(20);
      assertEquals(source.read(bytes, 0), 9);
      assertEquals(source.read(bytes, 9), null);
    }
    if (name === "cut") {
      assertThrows(
        () => source.read(new Uint8Array(4), 4),
        ProgramError,
        "it ends at byte 4 of 9",
      );
    }
  });
}
