import { assertEquals, assertThrows } from "@std/assert";
import {
  findPassword,
  readPasswordFile,
  readService,
} from "../../postgres/connection/pg_files.ts";
import { ProgramError } from "../../program/errors.ts";
import { testInFolder as test } from "../support/folder.ts";

test("readService() reads a section of a service file", async (dir) => {
  const path = `${dir}/services`;
  await Deno.writeTextFile(
    path,
    "[other]\nhost=x\n\n[lottery]\n# a comment\nhost=h\nport=7\n[last]\nport=9\n",
  );
  const lottery = { host: "h", port: "7" };
  assertEquals(Object.fromEntries(readService(path, "lottery")), lottery);
  assertThrows(() => readService(path, "none"), ProgramError, 'service "none"');
});

test("readPasswordFile() refuses a file that others may read", async (dir) => {
  const path = `${dir}/passwords`;
  assertEquals(readPasswordFile(path), "", "a missing file has no passwords");
  await Deno.writeTextFile(path, "text", { mode: 0o600 });
  assertEquals(readPasswordFile(path), "text");
  await Deno.chmod(path, 0o644);
  assertThrows(() => readPasswordFile(path), ProgramError, "mode 0600");
});

Deno.test("findPassword() matches as libpq does", () => {
  const key = { host: "h", port: 5, database: "d", user: "u" };
  const file =
    "#h:5:d:u:no\nx:5:d:u:no\nh:6:d:u:no\nh:5:d:u:a\\:b\\\\c\n*:*:*:*:x";
  assertEquals(findPassword(file, key), "a:b\\c");
  assertEquals(findPassword(file.replaceAll("\n", "\r\n"), key), "a:b\\c");
  assertEquals(findPassword(file, { ...key, user: "v" }), "x");
  assertEquals(
    findPassword("localhost:*:*:*:s", { ...key, host: "/run" }),
    "s",
  );
  assertEquals(findPassword("h:5:d:u", key), undefined);
  assertEquals(findPassword("", key), undefined);
});
