// Timers for programs that may end a moment after their start, and waits that a
// stop interrupts.

export type StartTimer = typeof startTimer;

/** Starts a timer. The returned function cancels it and frees it. */
export function startTimer(
  callback: () => void,
  delayMs: number,
): () => void {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}

/**
 * Starts a timer and returns the function that cancels it; about a kilobyte is
 * only freed once the delay is over, so use few. It avoids `setTimeout`, whose
 * first call loads a part of Node: 9 % of the CPU time of an agency that sends
 * 27,000 bets.
 */
export function startRareTimer(
  callback: () => void,
  delayMs: number,
): () => void {
  const due = AbortSignal.timeout(delayMs);
  due.addEventListener("abort", callback);
  return () => due.removeEventListener("abort", callback);
}

/**
 * Lets the event loop poll all connections. Otherwise a series of operations that
 * are ready at once would hold it up.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Waits for a promise, but no longer than a time. */
export async function waitAtMost(
  milliseconds: number,
  promise: Promise<void>,
): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const cancel = startRareTimer(resolve, milliseconds);
  await Promise.race([promise, late]);
  cancel();
}

/** Throws the signal's reason if the signal ends the wait. */
export async function delay(
  milliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  await pause(milliseconds, signal);
  signal.throwIfAborted();
}

/** Waits for a time, or until the signal aborts, which is not a failure. */
export async function pause(
  milliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const timer = setTimeout(end, milliseconds);
  signal.addEventListener("abort", end);
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", end);
}

/**
 * Waits for a result, or throws the signal's reason once it is aborted; the
 * operation itself goes on.
 */
export async function orAborted<T>(
  result: Promise<T>,
  signal: AbortSignal = new AbortController().signal,
): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort);
  return await Promise.race([result, aborted])
    .finally(() => signal.removeEventListener("abort", abort));
}
