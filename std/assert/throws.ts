import { checkError, type ErrorClass, expectation } from "./_expected_error.ts";
import { withReason } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/**
 * Asserts that a function throws, anything.
 *
 * @param fn The function, called once.
 * @param msg What the message adds.
 * @returns What the function threw.
 * @throws {AssertionError} If the function returns.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => decodeURIComponent("%"));
 * ```
 */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/**
 * Asserts that a function throws a certain error.
 *
 * @typeParam E The class of the error.
 * @param fn The function, called once.
 * @param ErrorClass The class of the error.
 * @param msgIncludes A text that the error's message must include.
 * @param msg What the message adds.
 * @returns The error.
 * @throws {AssertionError} If the function returns, or throws another error.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => decodeURIComponent("%"), URIError, "malformed");
 * ```
 */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: abstract new (...args: never[]) => E,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error>(
  fn: () => unknown,
  errorClassOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const expected = expectation(errorClassOrMsg, msgIncludes, msg);
  try {
    fn();
  } catch (error) {
    return checkError(error, expected, "thrown");
  }
  throw new AssertionError(
    withReason("Expected function to throw", expected.msg),
  );
}
