/**
 * How long a peer keeps this side waiting.
 *
 * @module
 */

/**
 * A clock that runs while this side waits for the peer, and goes off once.
 * Waits come by the thousands a second, so that one timer is kept over many of
 * them and looks, when it fires, how long the present one has lasted.
 */
export class IdleClock {
  readonly #timeout: number;
  readonly #onExpired: () => void;
  #startedAt: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasExpired = false;

  /**
   * Creates a clock that stands still.
   *
   * @param timeout Milliseconds that one wait may last; `Infinity` for ever.
   * @param onExpired Called when one has lasted that long.
   */
  constructor(timeout: number, onExpired: () => void) {
    this.#timeout = timeout;
    this.#onExpired = onExpired;
  }

  /** Whether a wait has lasted too long. */
  get hasExpired(): boolean {
    return this.#hasExpired;
  }

  /** A wait begins. */
  start(): void {
    if (this.#timeout === Infinity) return;
    this.#startedAt = performance.now();
    this.#timer ??= setTimeout(() => this.#look(), this.#timeout);
  }

  /** The wait is over. */
  stop(): void {
    this.#startedAt = undefined;
  }

  /** There will be no more waits. */
  end(): void {
    clearTimeout(this.#timer);
  }

  /**
   * What a failure means, given that the clock may be what caused it.
   *
   * @param error What was thrown while waiting.
   * @returns The error, or that the peer was idle.
   */
  explain(error: unknown): unknown {
    if (!this.#hasExpired) return error;
    return new Deno.errors.TimedOut(
      `Cannot wait for the peer: idle for ${this.#timeout} ms`,
      { cause: error },
    );
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#startedAt === undefined) return;
    const left = this.#startedAt + this.#timeout - performance.now();
    if (left > 0) {
      this.#timer = setTimeout(() => this.#look(), left);
    } else {
      this.#hasExpired = true;
      this.#onExpired();
    }
  }
}
