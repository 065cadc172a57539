/**
 * How long a peer keeps this side waiting.
 *
 * @module
 */

/** Milliseconds by which a timer is late where the process was held up. */
const HELD_UP_MS = 10;
/** Milliseconds in which it then takes what peers have sent meanwhile. */
const CATCH_UP_MS = 50;

/**
 * A clock that runs while this side waits for the peer, and goes off once.
 * Waits come by the thousands a second, so that one timer is kept over many of
 * them and looks, when it fires, how long the present one has lasted.
 */
export class IdleClock {
  readonly #timeout: number;
  readonly #onExpired: () => void;
  /** Waits under way. */
  #waits = 0;
  #startedAt: number | undefined;
  /** When the timer should fire. */
  #dueAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasExpired = false;
  #hasEnded = false;

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

  /** A wait begins; one that begins during another is part of it. */
  start(): void {
    if (this.#waits++ === 0) this.#restart();
  }

  /** A wait is over; what is left of another begins anew: the peer is there. */
  stop(): void {
    this.#startedAt = undefined;
    if (--this.#waits > 0) this.#restart();
  }

  /** There will be no more waits. */
  end(): void {
    this.#hasEnded = true;
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

  #restart(): void {
    if (this.#timeout === Infinity || this.#hasEnded) return;
    this.#startedAt = performance.now();
    if (this.#timer === undefined) this.#lookIn(this.#timeout);
  }

  #lookIn(milliseconds: number): void {
    this.#dueAt = performance.now() + milliseconds;
    this.#timer = setTimeout(() => this.#look(), milliseconds);
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#startedAt === undefined) return;
    const now = performance.now();
    const left = this.#startedAt + this.#timeout - now;
    if (left > 0) {
      this.#lookIn(left);
    } else if (now - this.#dueAt > HELD_UP_MS) {
      // It may be this process that let the time pass, and not the peer.
      this.#lookIn(CATCH_UP_MS);
    } else {
      this.#hasExpired = true;
      this.#onExpired();
    }
  }
}
