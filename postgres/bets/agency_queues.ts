// Batches that wait for a commit: one queue per agency, served in turn.

import type { Batch } from "../../bet/bet.ts";

/** Limit of bets per statement. More take longer without being faster. */
const MAX_BETS = 3_000;

/** The batches of one connection. */
export interface Writer {
  /** After one failure, all later batches fail. */
  hasFailed: boolean;
  /** Whether its last batch had only new bets; the next one then has, too. */
  hasNew: boolean;
}

export interface Entry {
  batch: Batch;
  writer: Writer;
  /** Resolved with the number of bets that were stored before. */
  done: PromiseWithResolvers<number>;
}

export class AgencyQueues {
  /** In the order in which the agencies are served. */
  readonly #waiting = new Map<number, Entry[]>();
  readonly #busy = new Set<number>();

  add(entry: Entry): void {
    const { agency } = entry.batch;
    const entries = this.#waiting.get(agency);
    if (entries) entries.push(entry);
    else this.#waiting.set(agency, [entry]);
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /**
   * Takes batches of one file of the agency whose turn it is. The agency has no
   * other turn before {@linkcode release}, so that its bets are stored in
   * order.
   */
  take(): Entry[] | undefined {
    for (const [agency, entries] of this.#waiting) {
      if (this.#busy.has(agency)) continue;
      const group = entries.splice(0, groupLength(entries));
      this.#waiting.delete(agency);
      // Behind all other agencies.
      if (entries.length > 0) this.#waiting.set(agency, entries);
      this.#busy.add(agency);
      return group;
    }
    return undefined;
  }

  /** Lets the agency take turns again. */
  release(agency: number): void {
    this.#busy.delete(agency);
  }

  /** Takes all waiting batches, of one agency or of all. */
  drain(agency?: number): Entry[] {
    const agencies = agency === undefined
      ? [...this.#waiting.keys()]
      : [agency];
    return agencies.flatMap((agency) => {
      const entries = this.#waiting.get(agency) ?? [];
      this.#waiting.delete(agency);
      return entries;
    });
  }
}

/**
 * How many batches share the next statement: those of one file, at least one.
 */
function groupLength(entries: readonly Entry[]): number {
  const { fingerprint } = entries[0]!.batch;
  let bets = 0;
  const end = entries.findIndex(({ batch }) =>
    (bets += batch.count) > MAX_BETS || batch.fingerprint !== fingerprint
  );
  return end < 0 ? entries.length : Math.max(1, end);
}
