import { show } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/**
 * Asserts that one value is less than another.
 *
 * @typeParam T The type of both values.
 * @param actual The value that the test found.
 * @param expected The value to compare it with.
 * @param msg The whole message of the error.
 * @throws {AssertionError} If `actual < expected` is not true.
 *
 * @example
 * ```ts
 * import { assertLess } from "@std/assert";
 *
 * assertLess(1, 2);
 * ```
 */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (actual < expected) return;
  const sentence = `Expect ${show(actual)} < ${show(expected)}`;
  throw new AssertionError(msg ?? sentence);
}

/**
 * Asserts that one value is less than or equal to another.
 *
 * @typeParam T The type of both values.
 * @param actual The value that the test found.
 * @param expected The value to compare it with.
 * @param msg The whole message of the error.
 * @throws {AssertionError} If `actual <= expected` is not true.
 *
 * @example
 * ```ts
 * import { assertLessOrEqual } from "@std/assert";
 *
 * assertLessOrEqual(2, 2);
 * ```
 */
export function assertLessOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (actual <= expected) return;
  const sentence = `Expect ${show(actual)} <= ${show(expected)}`;
  throw new AssertionError(msg ?? sentence);
}
