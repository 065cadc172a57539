// Which faults a run has, and how often. Each run draws its own rates, because
// a run with all faults at once would make little progress.

import type { Random } from "../support/random_bets.ts";
import type { Trace } from "./trace.ts";

/**
 * Probabilities of faults, each for one operation. A run that has a fault picks
 * one of its two.
 */
const RATES = {
  /** The central's process is killed at one of its own calls. */
  killAtCall: [0.0005, 0.005],
  /** The same, but its machine loses power. */
  powerCutAtCall: [0.0005, 0.005],
  /** The process is killed at a flush. */
  killAtFlush: [0.02, 0.2],
  /** The machine loses power at a flush. */
  powerCutAtFlush: [0.05, 0.3],
  /** A write to the disk takes a part of the bytes only. */
  shortWrite: [0.01, 0.3],
  /** A write fails after a part of the bytes. */
  failedWrite: [0.02, 0.3],
  /** Cutting a file fails. */
  failedTruncate: [0.05, 0.3],
  /** A flush takes seconds. */
  slowFlush: [0.05, 0.3],
  /** A flush fails, and its pages never reach the disk. */
  failedFlush: [0.05, 0.2],
  /** After a failed flush, the disk keeps failing for a while. */
  brokenDisk: [0.3, 1],
  /** A power cut flips a bit in bytes that were never flushed. */
  flippedBit: [0.5, 1],
  /** A connection is reset when something is written. */
  reset: [0.001, 0.05],
  /** A connection silently loses everything in both directions. */
  silence: [0.001, 0.01],
  /** Written bytes arrive seconds later. */
  stall: [0.005, 0.05],
  /** A write takes, or a read gives, a part of the bytes. It is not a fault. */
  split: [0.05, 0.5],
  /** A connection cannot be accepted: no file descriptors are left. */
  failedAccept: [0.01, 0.2],
  /** A connection is lost before it is accepted. */
  lostBeforeAccept: [0.05, 0.5],
  /** A connection cannot be made. */
  failedConnect: [0.05, 0.3],
  /** An agency's file is edited when some of its bets were stored. */
  edit: [0.1, 0.5],
  /** The store or its settings do not fit at a start. */
  misfit: [0.5, 0.9],
} as const;
/** Probability that a run has a fault. */
const IN_RUN = 0.4;

type Fault = keyof typeof RATES;

/** Decides about every fault of a run. */
export class Faults {
  readonly #random: Random;
  readonly #trace: Trace;
  readonly #limit: number;
  readonly #rates: Readonly<Record<Fault, number>>;
  #isCalm = false;
  /** Number of faults so far. */
  injected = 0;

  constructor(random: Random, trace: Trace, limit: number) {
    this.#random = random;
    this.#trace = trace;
    this.#limit = limit;
    const rates = Object.entries(RATES).map(([name, choices]) => [
      name,
      random.happens(IN_RUN) ? random.pick(choices) : 0,
    ]);
    this.#rates = Object.fromEntries(rates);
  }

  /** Whether there are no more faults. */
  get areOver(): boolean {
    return this.#isCalm || this.injected >= this.#limit;
  }

  /** Whether the run has a fault. */
  mayOccur(name: Fault): boolean {
    return this.#rates[name] > 0;
  }

  /** Draws whether a connection takes or gives a part of the bytes only. */
  get splits(): boolean {
    return this.#random.happens(this.#rates.split);
  }

  /** Ends all faults. */
  end(): void {
    this.#isCalm = true;
  }

  /** Decides whether a fault occurs. */
  occurs(name: Fault, who: string): boolean {
    const rate = this.#rates[name];
    if (rate === 0 || !this.#random.happens(rate)) return false;
    return this.inject(name, who);
  }

  /** Counts a fault that was decided elsewhere. */
  inject(name: string, who: string): boolean {
    if (this.areOver) return false;
    this.injected++;
    this.#trace.count(name);
    this.#trace.add(who, `FAULT ${this.injected}: ${name}`);
    return true;
  }
}
