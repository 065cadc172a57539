/**
 * How long an agency waits between two attempts.
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
 * `attempt` is the number of failed attempts in a row, from 1; `random` is from
 * 0 to less than 1.
 */
export function backoff(
  attempt: number,
  baseDelayMs: number,
  random: number,
): number {
  const delay = Math.min(baseDelayMs * 2 ** (attempt - 1), MAX_DELAY_MS);
  return delay * (1 - random / 2);
}

/** Returns the average of all waits after so many failed attempts. */
export function waitLeft(
  failed: number,
  maxAttempts: number,
  baseDelayMs: number,
): number {
  let left = 0;
  for (let attempt = failed; attempt < maxAttempts; attempt++) {
    const wait = backoff(attempt, baseDelayMs, 0.5);
    left += wait;
    // All that follow are as long.
    if (wait === backoff(Infinity, baseDelayMs, 0.5)) {
      return left + wait * (maxAttempts - 1 - attempt);
    }
  }
  return left;
}

/** Formats a wait for people. */
export function formatWait(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  return seconds < 120 ? `${seconds}s` : `${Math.round(seconds / 60)}min`;
}
