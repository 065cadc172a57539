/**
 * The error of an assertion that does not hold.
 *
 * @example
 * ```ts
 * import { AssertionError, assertThrows } from "@std/assert";
 *
 * assertThrows(() => {
 *   throw new AssertionError("Expected three agencies.");
 * }, AssertionError);
 * ```
 */
export class AssertionError extends Error {
  /**
   * Creates an error.
   *
   * @param message What was expected, and what was found instead.
   * @param options The `cause`, if another error led to this one.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}
