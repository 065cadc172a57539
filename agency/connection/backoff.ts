// How long an agency waits between two attempts.

const MAX_DELAY_MS = 10_000;

/**
 * Returns the wait in milliseconds after `attempt` (from 1) failed attempts in
 * a row. It doubles each time. `random`, from 0 to less than 1, shortens it by
 * up to a half, so that agencies that lost the central at the same time do not
 * all reconnect at the same time.
 */
export function backoff(
  attempt: number,
  baseDelayMs: number,
  random: number,
): number {
  const delay = Math.min(baseDelayMs * 2 ** (attempt - 1), MAX_DELAY_MS);
  return delay * (1 - random / 2);
}

/** The average sum of the waits that are left after `failed` attempts. */
export function waitLeft(
  failed: number,
  maxAttempts: number,
  baseDelayMs: number,
): number {
  let left = 0;
  for (let attempt = failed; attempt < maxAttempts; attempt++) {
    left += backoff(attempt, baseDelayMs, 0.5);
  }
  return left;
}

export function formatWait(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  return seconds < 120 ? `${seconds}s` : `${Math.round(seconds / 60)}min`;
}
