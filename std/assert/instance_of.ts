import { withReason } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/**
 * Asserts that a value is an instance of a class.
 *
 * @typeParam T The class.
 * @param actual The value.
 * @param expectedType The class, which may be abstract.
 * @param msg What the message adds.
 * @throws {AssertionError} If the value is no instance of the class.
 *
 * @example
 * ```ts
 * import { assertInstanceOf } from "@std/assert";
 *
 * assertInstanceOf(new RangeError(), Error);
 * ```
 */
export function assertInstanceOf<
  T extends abstract new (...args: never[]) => unknown,
>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  const sentence =
    `Expected object to be an instance of "${expectedType.name}" but was "${
      typeName(actual)
    }"`;
  throw new AssertionError(withReason(sentence, msg));
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? value.constructor?.name : typeof value;
}
