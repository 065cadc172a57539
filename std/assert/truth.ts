import { withReason } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/** The values that count as `false` in a condition. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/**
 * Asserts that a value is truthy.
 *
 * @param expr The value.
 * @param msg The whole message of the error.
 * @throws {AssertionError} If the value is falsy.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 *
 * assert("text".startsWith("t"));
 * ```
 */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/**
 * Asserts that a value is falsy.
 *
 * @param expr The value.
 * @param msg The whole message of the error.
 * @throws {AssertionError} If the value is truthy.
 *
 * @example
 * ```ts
 * import { assertFalse } from "@std/assert";
 *
 * assertFalse("text".startsWith("x"));
 * ```
 */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/**
 * Fails, for a place that the test must not reach.
 *
 * @param msg What the message adds.
 * @returns Never.
 * @throws {AssertionError} Always.
 *
 * @example
 * ```ts
 * import { assertThrows, fail } from "@std/assert";
 *
 * assertThrows(() => fail("The server accepted a bet twice"));
 * ```
 */
export function fail(msg?: string): never {
  throw new AssertionError(withReason("Failed assertion", msg));
}
