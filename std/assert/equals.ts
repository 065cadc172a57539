import { AssertionError as NodeAssertionError } from "node:assert/strict";
import { equal } from "./_equal.ts";
import { show, withReason } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/**
 * Asserts that two values are deeply equal. `NaN` equals `NaN`, and 0 equals
 * -0.
 *
 * @typeParam T The type of both values.
 * @param actual The value that the test found.
 * @param expected The value that it should be.
 * @param msg What the message adds.
 * @throws {AssertionError} If the values differ; its message shows where.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals({ names: ["a", "b"] }, { names: ["a", "b"] });
 * ```
 */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  const sentence = withReason("Values are not equal", msg);
  throw new AssertionError(`${sentence}\n\n${difference(actual, expected)}`);
}

/**
 * Asserts that two values are not deeply equal.
 *
 * @typeParam T The type of both values.
 * @param actual The value that the test found.
 * @param expected The value that it should not be.
 * @param msg What the message adds.
 * @throws {AssertionError} If the values are equal.
 *
 * @example
 * ```ts
 * import { assertNotEquals } from "@std/assert";
 *
 * assertNotEquals(crypto.randomUUID(), crypto.randomUUID());
 * ```
 */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  const sentence = `Expected actual: ${show(actual)} not to be: ${
    show(expected)
  }`;
  throw new AssertionError(withReason(sentence, msg));
}

/** Node's line by line difference, without node's own first sentence. */
function difference(actual: unknown, expected: unknown): string {
  const { message } = new NodeAssertionError({
    actual,
    expected,
    operator: "deepStrictEqual",
  });
  return message.slice(message.indexOf("\n") + 1).trim();
}
