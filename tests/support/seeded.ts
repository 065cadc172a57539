// Chance for tests in which much happens at once.

import { Random } from "./random_bets.ts";

const SEEDS = 2 ** 32;

/** Draws from a seed in more ways. */
export class Chance extends Random {
  /** Draws a number of a range. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** Tosses a coin that is not fair. */
  says(probability: number): boolean {
    return this.below(SEEDS) < probability * SEEDS;
  }

  /**
   * Begins a sequence of its own, for what runs at the same time as others: the
   * order in which they draw is not the seed's.
   */
  fork(): Chance {
    return new Chance(this.below(SEEDS));
  }
}
