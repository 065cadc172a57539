/**
 * How many bets the store gets in a second.
 *
 * @module
 */

import type { Store } from "../../storage.ts";

/** Seconds that the line of the rate shows. */
const HISTORY_SECONDS = 120;

/** Bets stored in each of the last seconds, as {@linkcode tick} divides them. */
export class Rates {
  /** Bets stored in each of the last seconds, the latest last. */
  readonly history: number[] = [];
  readonly #store: Pick<Store, "agencyBets" | "bets">;
  #bets: number;
  #agencyBets: ReadonlyMap<number, number>;
  #agencyRates: ReadonlyMap<number, number> = new Map();

  /** Starts from the bets that the store has now. */
  constructor(store: Pick<Store, "agencyBets" | "bets">) {
    this.#store = store;
    this.#bets = store.bets;
    this.#agencyBets = new Map(store.agencyBets);
  }

  /** Returns how many of an agency's bets were stored in the last second. */
  rateOf(agency: number): number {
    return this.#agencyRates.get(agency) ?? 0;
  }

  /** Ends a second. */
  tick(): void {
    const { bets, agencyBets } = this.#store;
    this.history.push(bets - this.#bets);
    if (this.history.length > HISTORY_SECONDS) this.history.shift();
    this.#bets = bets;
    const now = new Map(agencyBets);
    this.#agencyRates = new Map(
      [...now].map(([agency, count]) => [
        agency,
        count - (this.#agencyBets.get(agency) ?? 0),
      ]),
    );
    this.#agencyBets = now;
  }
}
