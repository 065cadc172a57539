import {
  assert,
  assertEquals,
  assertFalse,
  AssertionError,
  assertThrows,
  fail,
} from "@std/assert";

const TRUTHY = [true, 1, -1n, "0", {}, [], Symbol("s"), () => false];
const FALSY = [false, 0, -0, 0n, NaN, "", null, undefined];

Deno.test("assert() accepts truthy values and refuses falsy ones", () => {
  for (const value of TRUTHY) assert(value);
  for (const value of FALSY) assertThrows(() => assert(value), AssertionError);
});

Deno.test("assert() takes its whole message from the caller", () => {
  const message = (check: () => void) =>
    assertThrows(check, AssertionError).message;
  assertEquals(message(() => assert(false)), "");
  assertEquals(message(() => assert(false, "no agency")), "no agency");
});

Deno.test("assertFalse() accepts falsy values and refuses truthy ones", () => {
  for (const value of FALSY) assertFalse(value);
  for (const value of TRUTHY) {
    assertThrows(
      () => assertFalse(value, "is true"),
      AssertionError,
      "is true",
    );
  }
});

Deno.test("fail() throws", () => {
  const messageOf = (msg?: string) =>
    assertThrows(() => fail(msg), AssertionError).message;
  assertEquals(messageOf(), "Failed assertion.");
  assertEquals(messageOf("not here"), "Failed assertion: not here");
});

Deno.test("AssertionError has a name and a cause", () => {
  const cause = new RangeError("below");
  const error = new AssertionError("above", { cause });
  assert(error instanceof Error);
  assertEquals(error.name, "AssertionError");
  assertEquals(error.message, "above");
  assert(error.cause === cause);
});
