// Random numbers for tests in which many things happen at once.

import { Random } from "./random_bets.ts";

const SEEDS = 2 ** 32;

/** A seeded generator that can be forked. */
export class ForkableRandom extends Random {
  /** From `min` to `max`. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** True with this probability. */
  happens(probability: number): boolean {
    return this.below(SEEDS) < probability * SEEDS;
  }

  /**
   * Starts an own sequence for each concurrent task: the seed does not determine
   * the order in which tasks draw.
   */
  fork(): ForkableRandom {
    return new ForkableRandom(this.below(SEEDS));
  }
}
