import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { readToken } from "../../agency/connection/token.ts";
import { ProgramError } from "../../program/errors.ts";
import { testInFolder as test } from "../support/folder.ts";

const none = (): undefined => undefined;

Deno.test("readToken() trims line ends and spaces around the token", async () => {
  for (const given of ["secret", "secret\n", " \tsecret\r\n"]) {
    const token = await readToken(() => given, "");
    assertEquals(new TextDecoder().decode(token), "secret");
  }
  assertEquals(await readToken(() => "\n", ""), undefined);
});

test("readToken() takes 1 to 255 bytes of a file", async (dir) => {
  const file = `${dir}/token`;
  for (const text of ["x", "ñ".repeat(127) + "x"]) {
    await Deno.writeTextFile(file, `${text}\n`);
    assertEquals(new TextDecoder().decode(await readToken(none, file)), text);
  }
  for (const text of ["", "ñ".repeat(128)]) {
    await Deno.writeTextFile(file, `${text}\n`);
    const { message } = await assertRejects(
      () => readToken(none, file),
      ProgramError,
    );
    assertEquals(
      message,
      `Cannot use agency.tokenFile "${file}": it has ${
        2 * text.length
      } bytes, expected 1 to 255`,
    );
  }
  const error = await assertRejects(
    () => readToken(none, `${dir}/no`),
    ProgramError,
  );
  assertMatch(error.message, /^Cannot read agency.tokenFile ".*no": No such/);
});
