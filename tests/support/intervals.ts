// Intervals that pass when a test says so.

/** Replaces `setInterval` until it is disposed of. */
export class FakeIntervals implements Disposable {
  readonly #setInterval = globalThis.setInterval;
  readonly #callbacks: { run: () => unknown; periodMs: number }[] = [];

  constructor() {
    globalThis.setInterval = ((run: () => unknown, periodMs: number) => {
      this.#callbacks.push({ run, periodMs });
      return undefined;
    }) as unknown as typeof setInterval;
  }

  /** Runs what has this period once, and waits for it. */
  async pass(periodMs: number): Promise<void> {
    for (const one of this.#callbacks) {
      if (one.periodMs === periodMs) await one.run();
    }
  }

  [Symbol.dispose](): void {
    globalThis.setInterval = this.#setInterval;
  }
}
