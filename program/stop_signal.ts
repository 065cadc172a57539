// A program's signals, and waits that a stop interrupts.

/** SIGHUP comes when the terminal is closed. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Returns a signal that the first stop signal aborts, with `reasonOf` its name
 * as the reason.
 */
export function stopSignal(
  reasonOf: (signal: Deno.Signal) => unknown = (signal) => signal,
): AbortSignal {
  const controller = new AbortController();
  for (const signal of SIGNALS) {
    Deno.addSignalListener(signal, () => controller.abort(reasonOf(signal)));
  }
  return controller.signal;
}

/**
 * Makes a write beyond the file-size limit fail like one on a full disk.
 * Without a listener SIGXFSZ kills the program without a message.
 */
export function surviveFileSizeLimit(): void {
  if (Deno.build.os === "windows") return;
  Deno.addSignalListener("SIGXFSZ", () => {});
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
