// A bound on every wait of the tests, so that what never comes fails with what
// was seen instead of hanging.

/** Whether each fault is tried as often as docs/reliability.md says. */
export const IS_FULL: boolean = Deno.args.includes("--full");

/**
 * Far longer than any wait here takes, even on a busy machine, and short enough
 * for the test to report what did not happen.
 */
export const WAIT_LIMIT_MS = 30_000;

// The real timers: a test may replace the global ones.
const { setTimeout, clearTimeout } = globalThis;

/** Awaits a promise up to a time limit. */
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

/** Runs everything that only waits for its turn of the event loop. */
export async function everyTurn(): Promise<void> {
  await delay(0);
}

/** Runs everything that waits for promises alone, and takes no time. */
export async function everyPromise(): Promise<void> {
  for (let i = 0; i < 100; i++) await Promise.resolve();
}

/** Waits, for the duration of a fault or until it begins. */
export async function delay(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
