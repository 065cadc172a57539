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
