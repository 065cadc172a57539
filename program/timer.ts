/**
 * Timers of programs that may end a moment after their start.
 *
 * @module
 */

/** {@linkcode startTimer} or {@linkcode startRareTimer}. */
export type StartTimer = typeof startTimer;

/** Starts a timer. The returned function cancels it and leaves nothing behind. */
export function startTimer(
  callback: () => void,
  delayMs: number,
): () => void {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}

/**
 * Starts a timer where there are only a few, and returns the function that
 * cancels it. After that about a kilobyte is not freed before the delay is over. It does without `setTimeout`,
 * whose first call loads so much of Node that it takes a tenth of the time of an
 * agency with a short file.
 */
export function startRareTimer(
  callback: () => void,
  delayMs: number,
): () => void {
  const due = AbortSignal.timeout(delayMs);
  due.addEventListener("abort", callback);
  return () => due.removeEventListener("abort", callback);
}
