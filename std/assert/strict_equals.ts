import { equal } from "./_equal.ts";
import { show, withReason } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/**
 * Asserts that two values are the same one, as `Object.is()` has it.
 *
 * @typeParam T The type of the expected value.
 * @param actual The value that the test found.
 * @param expected The value that it should be.
 * @param msg What the message adds.
 * @throws {AssertionError} If the values are not the same.
 *
 * @example
 * ```ts
 * import { assertStrictEquals } from "@std/assert";
 *
 * const key = {};
 * assertStrictEquals(new Set([key]).values().next().value, key);
 * ```
 */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const sentence = equal(actual, expected)
    ? "Values have the same structure but are not reference-equal"
    : "Values are not strictly equal";
  throw new AssertionError(
    `${withReason(sentence, msg)}\n\n+ ${show(actual)}\n- ${show(expected)}`,
  );
}
