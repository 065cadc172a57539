/**
 * How long to wait before trying again.
 *
 * @module
 */

/** Milliseconds that no wait goes over. */
const MAX_DELAY_MS = 10_000;

/**
 * The wait after a failed attempt: twice as long each time, and by chance up to
 * a half shorter, so that agencies which lost the central at the same moment do
 * not all come back at the same moment.
 *
 * @param attempt How many attempts in a row have failed, 1 or more.
 * @param baseDelayMs Milliseconds after the first.
 * @param random A number from 0 to less than 1.
 * @returns Milliseconds to wait.
 */
export function backoff(
  attempt: number,
  baseDelayMs: number,
  random: number,
): number {
  const delay = Math.min(baseDelayMs * 2 ** (attempt - 1), MAX_DELAY_MS);
  return delay * (1 - random / 2);
}
