// Which faults a run has, and how often. Each run draws its own rates, because
// a run with all faults at once would make little progress.

import type { Random } from "../support/random_bets.ts";
import type { Trace } from "./trace.ts";

/** Probabilities of faults, each for one operation. */
export interface FaultRates {
  /** The central's process is killed at one of its own calls. */
  killAtCall: number;
  /** The same, but its machine loses power. */
  powerCutAtCall: number;
  /** The process is killed at a flush. */
  killAtFlush: number;
  /** The machine loses power at a flush. */
  powerCutAtFlush: number;
  /** A write to the disk takes a part of the bytes only. */
  shortWrite: number;
  /** A write fails after a part of the bytes. */
  failedWrite: number;
  /** Cutting a file fails. */
  failedTruncate: number;
  /** A flush takes seconds. */
  slowFlush: number;
  /** A flush fails, and its pages never reach the disk. */
  failedFlush: number;
  /** After a failed flush, the disk keeps failing for a while. */
  brokenDisk: number;
  /** A power cut flips a bit in bytes that were never flushed. */
  flippedBit: number;
  /** A connection is reset when something is written. */
  reset: number;
  /** A connection silently loses everything in both directions. */
  silence: number;
  /** Written bytes arrive seconds later. */
  stall: number;
  /** A write takes, or a read gives, a part of the bytes. It is not a fault. */
  split: number;
  /** A connection cannot be accepted: no file descriptors are left. */
  failedAccept: number;
  /** A connection is lost before it is accepted. */
  lostBeforeAccept: number;
  /** A connection cannot be made. */
  failedConnect: number;
  /** An agency's file is edited when some of its bets were stored. */
  edit: number;
  /** The store or its settings do not fit at a start. */
  misfit: number;
}

/** How often each fault occurs in a run that has it. */
const RATES: Readonly<Record<keyof FaultRates, readonly number[]>> = {
  killAtCall: [0.0005, 0.005],
  powerCutAtCall: [0.0005, 0.005],
  killAtFlush: [0.02, 0.2],
  powerCutAtFlush: [0.05, 0.3],
  shortWrite: [0.01, 0.3],
  failedWrite: [0.02, 0.3],
  failedTruncate: [0.05, 0.3],
  slowFlush: [0.05, 0.3],
  failedFlush: [0.05, 0.2],
  brokenDisk: [0.3, 1],
  flippedBit: [0.5, 1],
  reset: [0.001, 0.05],
  silence: [0.001, 0.01],
  stall: [0.005, 0.05],
  split: [0.05, 0.5],
  failedAccept: [0.01, 0.2],
  lostBeforeAccept: [0.05, 0.5],
  failedConnect: [0.05, 0.3],
  edit: [0.1, 0.5],
  misfit: [0.5, 0.9],
};
/** Probability that a run has a fault. */
const IN_RUN = 0.4;

/** Decides about every fault of a run. */
export class Faults {
  readonly #random: Random;
  readonly #trace: Trace;
  readonly #limit: number;
  readonly #rates: FaultRates;
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
  mayOccur(name: keyof FaultRates): boolean {
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
  occurs(name: keyof FaultRates, who: string): boolean {
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
