/**
 * Errors: their text for people, and the kinds that all programs share.
 *
 * @module
 */

/** Returns the message of whatever was thrown, without a stack trace. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Checks what only a bug can break. A program that continues with a broken
 * invariant could spoil the store, so it stops. `invariant` says what must be
 * true, as the middle of a sentence.
 *
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
  constructor(invariant: string) {
    super(`Cannot go on: broken invariant: ${invariant}`);
    this.name = "InvariantError";
  }
}

/** The program cannot do its job, for a reason that people can act on. */
export class ProgramError extends Error {
  /** The message is one line: what failed, where, and what was expected. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ProgramError";
  }
}
