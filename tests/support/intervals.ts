// Intervals that pass when a test says so.

/** Replaces the intervals until it is disposed of. */
export class FakeIntervals implements Disposable {
  readonly #setInterval = globalThis.setInterval;
  readonly #clearInterval = globalThis.clearInterval;
  readonly #callbacks = new Map<
    number,
    { run: () => unknown; periodMs: number }
  >();
  #nextId = 1;

  constructor() {
    const setInterval = (run: () => unknown, periodMs: number) => {
      this.#callbacks.set(this.#nextId, { run, periodMs });
      return this.#nextId++;
    };
    const clearInterval = (id: number) => this.#callbacks.delete(id);
    Object.assign(globalThis, { setInterval, clearInterval });
  }

  /** Periods of the intervals that have not been cleared. */
  get periodsMs(): number[] {
    return [...this.#callbacks.values()].map(({ periodMs }) => periodMs);
  }

  /** Runs the callbacks with this period `times` times, and awaits each run. */
  async pass(periodMs: number, times = 1): Promise<void> {
    for (let i = 0; i < times; i++) {
      for (const one of this.#callbacks.values()) {
        if (one.periodMs === periodMs) await one.run();
      }
    }
  }

  [Symbol.dispose](): void {
    globalThis.setInterval = this.#setInterval;
    globalThis.clearInterval = this.#clearInterval;
  }
}
