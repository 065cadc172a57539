// Timers for programs that may end a moment after their start.

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
 * first call loads so much of Node that it takes a tenth of the time of an
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
