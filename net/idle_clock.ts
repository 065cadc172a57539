// Measures how long a peer keeps this side waiting.

import { type StartTimer, startTimer } from "../program/timer.ts";

/** A timer this late shows that the process itself was suspended or busy. */
const HELD_UP_MS = 10;
/** Time to process what arrived while the process was held up. */
const CATCH_UP_MS = 50;

/**
 * Runs while this side waits for the peer, and expires once. There are
 * thousands of waits per second, so one timer serves many: when it fires, it
 * checks how long the current wait has lasted.
 */
export class IdleClock {
  readonly #timeoutMs: number;
  readonly #onExpired: () => void;
  readonly #startTimer: StartTimer;
  #waits = 0;
  #startedAt: number | undefined;
  #dueAt = 0;
  #cancelTimer: (() => void) | undefined;
  #hasExpired = false;
  #hasEnded = false;

  constructor(
    timeoutMs: number,
    onExpired: () => void,
    start: StartTimer = startTimer,
  ) {
    this.#timeoutMs = timeoutMs;
    this.#onExpired = onExpired;
    this.#startTimer = start;
  }

  get hasExpired(): boolean {
    return this.#hasExpired;
  }

  /** Starts a wait. A wait that starts during another joins it. */
  start(): void {
    if (this.#waits++ > 0 || this.#timeoutMs === Infinity) return;
    this.#startedAt = performance.now();
    if (!this.#cancelTimer && !this.#hasEnded) this.#checkIn(this.#timeoutMs);
  }

  /**
   * Ends a wait. Restarts any other in progress, because the peer is active.
   */
  stop(): void {
    this.#startedAt = --this.#waits > 0 ? performance.now() : undefined;
  }

  end(): void {
    this.#hasEnded = true;
    this.#cancelTimer?.();
  }

  /**
   * Returns a time-out error if the expired clock caused this one, else the
   * error itself.
   */
  explain(error: unknown): unknown {
    if (!this.#hasExpired) return error;
    return new Deno.errors.TimedOut(
      `Cannot wait for the peer: idle for ${this.#timeoutMs} ms`,
      { cause: error },
    );
  }

  #checkIn(milliseconds: number): void {
    this.#dueAt = performance.now() + milliseconds;
    this.#cancelTimer = this.#startTimer(() => this.#check(), milliseconds);
  }

  #check(): void {
    this.#cancelTimer = undefined;
    if (this.#startedAt === undefined) return;
    const now = performance.now();
    const left = this.#startedAt + this.#timeoutMs - now;
    if (left > 0) {
      this.#checkIn(left);
    } else if (now - this.#dueAt > HELD_UP_MS) {
      // Perhaps this process was held up, not the peer.
      this.#checkIn(CATCH_UP_MS);
    } else {
      this.#hasExpired = true;
      this.#onExpired();
    }
  }
}
