/**
 * The assertions of this project's tests: an API-compatible subset of the
 * upstream package of the same name. An assertion returns when it holds and
 * throws an {@linkcode AssertionError} when it does not.
 *
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals([1, 2].map(String), ["1", "2"]);
 * assertThrows(() => JSON.parse("{"), SyntaxError);
 * ```
 *
 * @module
 */

export { AssertionError } from "./assertion_error.ts";
export { assertGreater, assertGreaterOrEqual } from "./greater.ts";
export { assertLess, assertLessOrEqual } from "./less.ts";
export { assertEquals, assertNotEquals } from "./equals.ts";
export { assertInstanceOf } from "./instance_of.ts";
export { assertMatch, assertStringIncludes } from "./strings.ts";
export { assertRejects } from "./rejects.ts";
export { assertStrictEquals } from "./strict_equals.ts";
export { assertThrows } from "./throws.ts";
export {
  assert,
  assertExists,
  assertFalse,
  fail,
  type Falsy,
} from "./truth.ts";
