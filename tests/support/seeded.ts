/**
 * Chance for tests in which much happens at once.
 *
 * @module
 */

import { Random } from "./random_bets.ts";

const SEEDS = 2 ** 32;

/** Draws from a seed in more ways. */
export class Chance extends Random {
  /**
   * Draws a number of a range.
   *
   * @param min The least.
   * @param max The greatest.
   * @returns A whole number from `min` to `max`.
   */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /**
   * Tosses a coin that is not fair.
   *
   * @param probability How often it says yes, 0 to 1.
   * @returns Whether it says yes.
   */
  says(probability: number): boolean {
    return this.below(SEEDS) < probability * SEEDS;
  }

  /**
   * Begins a sequence of its own, for what runs at the same time as others:
   * the order in which they draw is not the seed's.
   *
   * @returns The other sequence.
   */
  fork(): Chance {
    return new Chance(this.below(SEEDS));
  }
}
