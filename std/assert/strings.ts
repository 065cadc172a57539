import { show, withReason } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/**
 * Asserts that a text matches a regular expression.
 *
 * @param actual The text.
 * @param expected The regular expression.
 * @param msg What the message adds.
 * @throws {AssertionError} If the text does not match.
 *
 * @example
 * ```ts
 * import { assertMatch } from "@std/assert";
 *
 * assertMatch("agency-3", /^agency-\d$/);
 * ```
 */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  // Not test(), which would move the lastIndex of a global expression.
  if (actual.search(expected) >= 0) return;
  const sentence = `Expected actual: ${show(actual)} to match: "${expected}"`;
  throw new AssertionError(withReason(sentence, msg));
}

/**
 * Asserts that a text contains another.
 *
 * @param actual The text.
 * @param expected The text to be found in it.
 * @param msg What the message adds.
 * @throws {AssertionError} If the text does not contain the other one.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 *
 * assertStringIncludes("agency-3", "-");
 * ```
 */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (actual.includes(expected)) return;
  const sentence = `Expected actual: ${show(actual)} to contain: ${
    show(expected)
  }`;
  throw new AssertionError(withReason(sentence, msg));
}
