// What the store contains, as far as this central knows: what it found at its
// start, has stored since, and has read about other centrals.

import type { StoreStats } from "../storage/mod.ts";
import type { Health } from "./health.ts";

export class StoreCounts implements StoreStats {
  readonly #health: Health;
  readonly agencyBets: Map<number, number> = new Map();
  winners: ReadonlyMap<number, number> = new Map();
  finished: Set<number> = new Set();
  bets = 0;
  readonly sizeBytes = undefined;

  constructor(health: Health) {
    this.#health = health;
  }

  get problem(): string | undefined {
    return this.#health.problem;
  }

  winnerCount(agency: number): number {
    return this.winners.get(agency) ?? 0;
  }

  add(agency: number, bets: number): void {
    this.bets += bets;
    this.agencyBets.set(agency, bets + (this.agencyBets.get(agency) ?? 0));
  }
}
