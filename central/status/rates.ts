// How many bets the store receives per second.

import type { StoreStats } from "../../storage/mod.ts";
import type { AgencyLists } from "./agency_lists.ts";

const HISTORY_SECONDS = 120;

/** Counts the bets stored in each second, which {@linkcode tick} ends. */
export class Rates {
  /** Bets stored in each of the last seconds, the latest last. */
  readonly history: number[] = [];
  readonly #store: Pick<StoreStats, "agencyBets" | "bets">;
  readonly #agencies: AgencyLists;
  #bets: number;
  #agencyBets: ReadonlyMap<number, number>;
  #agencyRates: ReadonlyMap<number, number> = new Map();

  constructor(
    store: Pick<StoreStats, "agencyBets" | "bets">,
    agencies: AgencyLists,
  ) {
    this.#store = store;
    this.#agencies = agencies;
    this.#bets = store.bets;
    this.#agencyBets = this.#countShown();
  }

  /** Bets of an agency stored in the last second. */
  rateOf(agency: number): number {
    return this.#agencyRates.get(agency) ?? 0;
  }

  tick(): void {
    const { bets } = this.#store;
    this.history.push(bets - this.#bets);
    if (this.history.length > HISTORY_SECONDS) this.history.shift();
    this.#bets = bets;
    const before = this.#agencyBets;
    // An agency that was not shown before is new in the store.
    const now = this.#countShown();
    this.#agencyRates = new Map(
      [...now].map(([id, count]) => [id, count - (before.get(id) ?? 0)]),
    );
    this.#agencyBets = now;
  }

  #countShown(): ReadonlyMap<number, number> {
    const { agencyBets } = this.#store;
    return new Map(
      this.#agencies.current.shown.map((id) => [id, agencyBets.get(id) ?? 0]),
    );
  }
}
