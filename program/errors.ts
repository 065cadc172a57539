// Errors that all programs share, and their human-readable text.

/** Returns the message of any thrown value, without a stack trace. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Returns what is needed to find a bug: the stack trace, if there is one. */
export function stackOf(error: unknown): string {
  return error instanceof Error && error.stack || messageOf(error);
}

/** What the runtime adds to the system's reason: the operation and the path. */
const OPERATION_REGEXP = /(?<=\(os error \d+\)): .*$/s;
/** The runtime keeps programs from some of the system's files. */
const UNUSABLE_REGEXP = /^Requires all access to /;

/**
 * Returns why the system refused a file, for a message that names the file. The
 * runtime would also name temporary files and advise flags of its own.
 */
export function reasonOf(error: unknown): string {
  const message = messageOf(error).replace(OPERATION_REGEXP, "");
  return UNUSABLE_REGEXP.test(message)
    ? "it belongs to the system, expected another file"
    : message;
}

/**
 * Checks what only a bug can break. A program that continues with a broken
 * invariant could corrupt the store, so it stops. `invariant` says what must be
 * true, as the middle of a sentence. Throws an `InvariantError` if it is not.
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
    super(`Cannot continue: broken invariant: ${invariant}`);
    this.name = "InvariantError";
  }
}

/** Returns an error that says what failed, and why. */
export function failure(what: string, cause: unknown): ProgramError {
  return new ProgramError(`${what}: ${messageOf(cause)}`, { cause });
}

/** The program cannot do its job, for a reason that the user can act on. */
export class ProgramError extends Error {
  /** The message is one line: what failed, where, and what was expected. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ProgramError";
  }
}
