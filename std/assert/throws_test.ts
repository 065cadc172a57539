import { assertEquals, AssertionError, assertThrows } from "@std/assert";

class LateError extends RangeError {}

function throwing(value: unknown): () => never {
  return () => {
    throw value;
  };
}

/** What assertThrows() says when its argument does not throw as it should. */
function complaint(check: () => unknown): string {
  try {
    check();
  } catch (error) {
    if (error instanceof AssertionError) return error.message;
  }
  return "no complaint";
}

Deno.test("assertThrows() returns what was thrown", () => {
  const error = new LateError("Cannot wait: too late");
  assertEquals(assertThrows(throwing(error)), error);
  assertEquals(assertThrows(throwing(error), LateError), error);
  assertEquals(assertThrows(throwing(error), RangeError, "late"), error);
  assertEquals(assertThrows(throwing("text")), "text");
  assertEquals(assertThrows(throwing(undefined)), undefined);
});

Deno.test("assertThrows() refuses a function that returns", () => {
  const returning = () => 1;
  for (
    const [check, expected] of [
      [() => assertThrows(returning), "Expected function to throw."],
      [() => assertThrows(returning, "why"), "Expected function to throw: why"],
      [() => assertThrows(returning, Error), "Expected function to throw."],
      [
        () => assertThrows(returning, Error, "late", "why"),
        "Expected function to throw: why",
      ],
    ] as const
  ) {
    assertEquals(complaint(check), expected);
  }
});

Deno.test("assertThrows() refuses another error", () => {
  const error = new RangeError("too late");
  for (
    const [check, expected] of [
      [
        () => assertThrows(throwing(error), TypeError),
        'Expected error to be instance of "TypeError", but was "RangeError".',
      ],
      [
        () => assertThrows(throwing(error), RangeError, "early"),
        'Expected error message to include "early", but got "too late".',
      ],
      [
        () => assertThrows(throwing(error), RangeError, "early", "why"),
        'Expected error message to include "early", but got "too late": why',
      ],
    ] as const
  ) {
    assertEquals(complaint(check), expected);
  }
});

Deno.test("assertThrows() refuses what is no error if a class is given", () => {
  for (const value of ["text", null, undefined, { message: "text" }]) {
    assertEquals(
      complaint(() => assertThrows(throwing(value), Error)),
      "A non-Error object was thrown.",
    );
  }
});

Deno.test("assertThrows() ignores colors in the message", () => {
  const error = new Error("too \x1b[31mlate\x1b[39m");
  assertEquals(assertThrows(throwing(error), Error, "too late"), error);
});
