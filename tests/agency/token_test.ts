import { assertEquals } from "@std/assert";
import { readToken } from "../../agency/connection/token.ts";

Deno.test("readToken() leaves out what secret stores add around the token", async () => {
  for (const given of ["secret", "secret\n", " \tsecret\r\n"]) {
    const token = await readToken(() => given, "");
    assertEquals(new TextDecoder().decode(token), "secret");
  }
  assertEquals(await readToken(() => "\n", ""), undefined);
});
