// A bound on every wait of the tests, so that what never comes fails with what
// was seen instead of hanging.

/** Far longer than anything takes here, even on a busy machine. */
export const WAIT_LIMIT_MS = 120_000;

// A test may replace the timers meanwhile.
const { setTimeout, clearTimeout } = globalThis;

/** Waits, but not for ever. */
export async function within<T>(
  promise: Promise<T>,
  seen: () => string,
  limitMs: number = WAIT_LIMIT_MS,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`Waited ${limitMs} ms: ${seen()}`)),
    limitMs,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
