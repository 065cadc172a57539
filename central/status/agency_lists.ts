// Which agencies the status page names. Without credentials anyone may send as
// any agency, so there may be millions.

import type { StoreStats } from "../../storage/mod.ts";

const MAX_SHOWN = 1000;
const MAX_MISSING = 50;

/** Lists of agencies, rebuilt when the store has new ones. */
export class AgencyLists {
  readonly #store: Pick<StoreStats, "agencyBets" | "finished">;
  readonly #drawAgencies: number;
  /** The store's numbers of agencies when the lists were built. */
  #made = { withBets: -1, finished: -1 };
  #shown: readonly number[] = [];
  #more = 0;
  #missing: readonly number[] = [];
  #missingCount = 0;

  /** The draw needs the agencies with ids from 1 to N. */
  constructor(
    store: Pick<StoreStats, "agencyBets" | "finished">,
    drawAgencies: number,
  ) {
    this.#store = store;
    this.#drawAgencies = drawAgencies;
  }

  get shown(): readonly number[] {
    this.#refresh();
    return this.#shown;
  }

  get more(): number {
    this.#refresh();
    return this.#more;
  }

  get missing(): readonly number[] {
    this.#refresh();
    return this.#missing;
  }

  get missingCount(): number {
    this.#refresh();
    return this.#missingCount;
  }

  /** No agency ever leaves the store, so equal numbers mean equal lists. */
  #refresh(): void {
    const { agencyBets, finished } = this.#store;
    const made = { withBets: agencyBets.size, finished: finished.size };
    if (
      made.withBets === this.#made.withBets &&
      made.finished === this.#made.finished
    ) return;
    this.#made = made;
    const others = [...finished].filter((id) => !agencyBets.has(id));
    this.#shown = lowest([agencyBets.keys(), others], MAX_SHOWN);
    this.#more = made.withBets + others.length - this.#shown.length;
    this.#listMissing(finished);
  }

  #listMissing(finished: ReadonlySet<number>): void {
    const missing: number[] = [];
    let count = 0;
    for (let id = 1; id <= this.#drawAgencies; id++) {
      if (finished.has(id)) continue;
      count++;
      if (missing.length < MAX_MISSING) missing.push(id);
    }
    this.#missing = missing;
    this.#missingCount = count;
  }
}

/** Returns the lowest numbers in order, without sorting all of them. */
function lowest(lists: Iterable<number>[], count: number): number[] {
  let kept: number[] = [];
  let limit = Infinity;
  for (const list of lists) {
    for (const id of list) {
      if (id >= limit) continue;
      kept.push(id);
      if (kept.length < 2 * count) continue;
      kept = kept.sort((a, b) => a - b).slice(0, count);
      limit = kept.at(-1)!;
    }
  }
  return kept.sort((a, b) => a - b).slice(0, count);
}
