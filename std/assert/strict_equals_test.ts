import { AssertionError, assertStrictEquals, assertThrows } from "@std/assert";

Deno.test("assertStrictEquals() accepts the same value", () => {
  const object = {};
  for (const value of [1, "a", NaN, null, undefined, -0, object]) {
    assertStrictEquals(value, value);
  }
});

Deno.test("assertStrictEquals() refuses other values", () => {
  for (const [a, b] of [[1, 2], [1, "1"], [null, undefined], [[1], [2]]]) {
    assertThrows(
      () => assertStrictEquals(a, b),
      AssertionError,
      "Values are not strictly equal.",
    );
  }
});

Deno.test("assertStrictEquals() tells equal objects from the same one", () => {
  assertThrows(
    () => assertStrictEquals({ a: 1 }, { a: 1 }),
    AssertionError,
    "Values have the same structure but are not reference-equal",
  );
});

Deno.test("assertStrictEquals() tells 0 from -0", () => {
  assertThrows(() => assertStrictEquals(0, -0), AssertionError);
});

Deno.test("assertStrictEquals() adds the caller's message", () => {
  assertThrows(
    () => assertStrictEquals(1, 2, "same bet"),
    AssertionError,
    "Values are not strictly equal: same bet",
  );
});
