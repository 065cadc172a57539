/**
 * Waiting that a signal can end.
 *
 * @module
 */

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
