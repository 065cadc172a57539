/**
 * How long to wait before trying again.
 *
 * @module
 */

/** Milliseconds that no wait goes over. */
const MAX_DELAY = 10_000;

/**
 * The wait after a failed attempt: twice as long each time, and by chance up to
 * a half shorter, so that agencies which lost the central at the same moment do
 * not all come back at the same moment.
 *
 * @param attempt How many attempts in a row have failed, 1 or more.
 * @param baseDelay Milliseconds after the first.
 * @param random A number from 0 to less than 1.
 * @returns Milliseconds to wait.
 */
export function backoff(
  attempt: number,
  baseDelay: number,
  random: number,
): number {
  const delay = Math.min(baseDelay * 2 ** (attempt - 1), MAX_DELAY);
  return delay * (1 - random / 2);
}

/**
 * Waits.
 *
 * @param milliseconds How long.
 * @param signal Ends the wait.
 * @throws The signal's reason, if it ends the wait.
 */
export async function delay(
  milliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
