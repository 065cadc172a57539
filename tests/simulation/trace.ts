// The log of a simulation and its hash: the same seed has to give the same hash.

import { createHash } from "node:crypto";

/** Lines that are kept for the report of a failure. */
const KEPT_LINES = 60;
const HASH_DIGITS = 16;

/** Collects what happens. */
export class Trace {
  readonly #hash = createHash("sha256");
  readonly #onLine: ((line: string) => void) | undefined;
  #lines: string[] = [];
  /** Number of times that each kind of thing happened. */
  readonly counts: Map<string, number> = new Map();
  /** Returns the simulated time, in milliseconds. */
  clock: () => number = () => 0;

  constructor(onLine?: (line: string) => void) {
    this.#onLine = onLine;
  }

  add(who: string, what: string): void {
    const line = `${(this.clock() / 1000).toFixed(6)} ${who}: ${what}`;
    this.#hash.update(`${line}\n`);
    this.#onLine?.(line);
    this.#lines.push(line);
    if (this.#lines.length >= 2 * KEPT_LINES) {
      this.#lines = this.#lines.slice(-KEPT_LINES);
    }
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  get lastLines(): string[] {
    return this.#lines.slice(-KEPT_LINES);
  }

  /** Ends the trace. */
  digest(): string {
    return this.#hash.digest("hex").slice(0, HASH_DIGITS);
  }
}
