/**
 * How long to wait before trying again.
 *
 * @module
 */

/** Longest wait between two attempts. */
const MAX_DELAY_MS = 10_000;

/**
 * Returns the wait after a failed attempt. It doubles each time. Random jitter
 * shortens it by up to a half, so that agencies that lost the central at the
 * same moment do not all come back at the same moment.
 *
 * @param attempt Number of failed attempts in a row, 1 or more.
 * @param baseDelayMs Wait after the first failure, in milliseconds.
 * @param random A number from 0 to less than 1.
 * @returns The wait in milliseconds.
 */
export function backoff(
  attempt: number,
  baseDelayMs: number,
  random: number,
): number {
  const delay = Math.min(baseDelayMs * 2 ** (attempt - 1), MAX_DELAY_MS);
  return delay * (1 - random / 2);
}
