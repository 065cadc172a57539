/**
 * The part of `@std/assert` that this project's tests use, with upstream's
 * behaviour and messages. Differences: `assertEquals()` shows the difference of
 * two values as node does, without colors; errors are compared without their
 * stacks, and `ArrayBuffer`s byte by byte.
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
export { assertMatch, assertStringIncludes } from "./strings.ts";
export { assertRejects } from "./rejects.ts";
export { assertThrows } from "./throws.ts";
export { assert, assertFalse, fail, type Falsy } from "./truth.ts";
