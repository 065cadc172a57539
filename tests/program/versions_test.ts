import { assertStringIncludes, assertThrows } from "@std/assert";
import { ProgramError } from "../../program/errors.ts";
import { checkDeno } from "../../program/versions.ts";

Deno.test("checkDeno() accepts the least version and later ones", () => {
  for (const version of ["2.9.5", "2.9.6", "2.10.0", "3.0.0", "2.9.6+1a2b"]) {
    checkDeno(version);
  }
  checkDeno();
});

Deno.test("checkDeno() refuses an older version and says what is needed", () => {
  for (const version of ["1.46.3", "2.0.0", "2.8.3", "2.9.4"]) {
    const { message } = assertThrows(() => checkDeno(version), ProgramError);
    assertStringIncludes(
      message,
      `Cannot run on Deno ${version}: expected 2.9.5`,
    );
  }
});
