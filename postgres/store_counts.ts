// What the store contains, as far as this central knows: what it found at its
// start, has stored since, and has read about other centrals. And whether bets
// can be stored, as shown by the last commits and polls.

import { formatAction, getLogger } from "../program/logging.ts";
import type { StoreStats } from "../storage/mod.ts";

/** What failed last: a commit, or polling other centrals' changes. */
type Subject = "commit" | "read";

export class StoreCounts implements StoreStats {
  readonly #problems = new Map<Subject, string>();
  readonly agencyBets: Map<number, number> = new Map();
  winners: ReadonlyMap<number, number> = new Map();
  finished: Set<number> = new Set();
  bets = 0;
  readonly sizeBytes = undefined;

  get problem(): string | undefined {
    return this.#problems.get("commit") ?? this.#problems.get("read");
  }

  winnerCount(agency: number): number {
    return this.winners.get(agency) ?? 0;
  }

  add(agency: number, bets: number): void {
    this.bets += bets;
    this.agencyBets.set(agency, bets + (this.agencyBets.get(agency) ?? 0));
  }

  /**
   * Reports an outcome: a problem, or `undefined` for success. Logs when bets
   * can no longer be stored, and when they can be again.
   */
  report(subject: Subject, problem: string | undefined): void {
    const before = this.problem;
    if (problem === undefined) this.#problems.delete(subject);
    else this.#problems.set(subject, problem);
    const now = this.problem;
    // Of several failures the first is logged, then their end.
    if ((before === undefined) === (now === undefined)) return;
    if (now === undefined) {
      getLogger().info(formatAction("database", "success"));
    } else {
      getLogger().error(formatAction("database", "fail", { error: now }));
    }
  }
}
