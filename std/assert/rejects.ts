import { checkError, type ErrorClass, expectation } from "./_expected_error.ts";
import { withReason } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/**
 * Asserts that a function returns a promise that rejects, with anything.
 *
 * @param fn The function, called once.
 * @param msg What the message adds.
 * @returns What the promise rejected with.
 * @throws {AssertionError} If the promise resolves, or if the function throws
 * before it returns one.
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(() => Promise.reject("too late"));
 * ```
 */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/**
 * Asserts that a function returns a promise that rejects with a certain error.
 *
 * @typeParam E The class of the error.
 * @param fn The function, called once.
 * @param ErrorClass The class of the error.
 * @param msgIncludes A text that the error's message must include.
 * @param msg What the message adds.
 * @returns The error.
 * @throws {AssertionError} If the promise resolves or rejects otherwise, or if
 * the function throws before it returns one.
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 *
 * const late = () => Promise.reject(new RangeError("Cannot wait: too late"));
 * await assertRejects(late, RangeError, "too late");
 * ```
 */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: abstract new (...args: never[]) => E,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error>(
  fn: () => PromiseLike<unknown>,
  errorClassOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const expected = expectation(errorClassOrMsg, msgIncludes, msg);
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (cause) {
    const sentence = "Function throws when expected to reject";
    throw new AssertionError(withReason(sentence, expected.msg), { cause });
  }
  try {
    await promise;
  } catch (error) {
    return checkError(error, expected, "rejected");
  }
  throw new AssertionError(
    withReason("Expected function to reject", expected.msg),
  );
}
