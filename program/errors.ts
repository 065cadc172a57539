/**
 * What people are told of an error.
 *
 * @module
 */

/**
 * The text of whatever was thrown.
 *
 * @param error What was thrown.
 * @returns Its message, without a stack.
 */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Checks what only a bug of ours can break. A program that goes on with a broken
 * invariant could spoil the store, so it stops.
 *
 * @param holds Whether the invariant holds.
 * @param invariant What must be true, as the middle of a sentence.
 * @throws {InvariantError} If it does not hold.
 */
export function assertInvariant(
  holds: boolean,
  invariant: string,
): asserts holds {
  if (!holds) throw new InvariantError(invariant);
}

/** A bug: something that must be true is not. */
export class InvariantError extends Error {
  /**
   * Creates the error.
   *
   * @param invariant What must be true.
   */
  constructor(invariant: string) {
    super(`Cannot go on: broken invariant: ${invariant}`);
    this.name = "InvariantError";
  }
}
