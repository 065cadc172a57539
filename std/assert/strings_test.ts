import {
  assertEquals,
  AssertionError,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";

Deno.test("assertMatch() matches", () => {
  assertMatch("agency-3", /^agency-\d$/);
  assertThrows(
    () => assertMatch("agency-x", /^agency-\d$/),
    AssertionError,
    "agency-x",
  );
  assertThrows(
    () => assertMatch("a", /b/, "wrong name"),
    AssertionError,
    "wrong name",
  );
});

Deno.test("assertStringIncludes() looks for the text", () => {
  assertStringIncludes("agency-3", "y-3");
  assertStringIncludes("agency-3", "");
  const refused = () => assertStringIncludes("agency-3", "x");
  assertEquals(
    assertThrows(refused, AssertionError).message,
    'Expected actual: "agency-3" to contain: "x".',
  );
  assertThrows(
    () => assertStringIncludes("a", "b", "wrong name"),
    AssertionError,
    'to contain: "b": wrong name',
  );
});
