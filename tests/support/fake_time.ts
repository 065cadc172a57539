// Time that passes when a test says so.

interface Timer {
  at: number;
  run: () => void;
}

/** Replaces the timers and the clock until it is disposed. */
export class FakeTime {
  readonly #setTimeout = globalThis.setTimeout;
  readonly #clearTimeout = globalThis.clearTimeout;
  readonly #abortSignalTimeout = AbortSignal.timeout;
  readonly #performanceNow = performance.now;
  readonly #timers = new Map<number, Timer>();
  #nextId = 1;
  #now = 0;

  constructor() {
    const setTimeout = (run: () => void, delay = 0) => {
      this.#timers.set(this.#nextId, { at: this.#now + delay, run });
      return this.#nextId++;
    };
    const clearTimeout = (id: number) => this.#timers.delete(id);
    Object.assign(globalThis, { setTimeout, clearTimeout });
    AbortSignal.timeout = abortAfter;
    performance.now = () => this.#now;
  }

  /** Timers that have not run yet. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets time pass; timers that are due run in their order. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end)
        .sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      const [id, { at, run }] = due;
      this.#timers.delete(id);
      this.#now = at;
      run();
    }
    this.#now = end;
  }

  [Symbol.dispose](): void {
    globalThis.setTimeout = this.#setTimeout;
    globalThis.clearTimeout = this.#clearTimeout;
    AbortSignal.timeout = this.#abortSignalTimeout;
    performance.now = this.#performanceNow;
  }
}

/**
 * Stands for `AbortSignal.timeout` while `setTimeout` is replaced, for one
 * listener.
 */
export function abortAfter(delayMs: number): AbortSignal {
  const controller = new AbortController();
  const { signal } = controller;
  const timer = setTimeout(() => controller.abort(), delayMs);
  signal.removeEventListener = () => clearTimeout(timer);
  return signal;
}
