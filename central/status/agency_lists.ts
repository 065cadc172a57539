// Which agencies the status page names. Without credentials anyone may send as
// any agency, so there may be millions.

import type { StoreStats } from "../../storage/mod.ts";

const MAX_SHOWN = 1000;
const MAX_MISSING = 50;

export interface ShownAgencies {
  shown: readonly number[];
  /** Number of agencies that are not shown. */
  more: number;
  /** The first agencies of the draw that have not finished. */
  missing: readonly number[];
  missingCount: number;
}

/** Lists of agencies, made again when the store has new ones. */
export class AgencyLists {
  readonly #store: Pick<StoreStats, "agencyBets" | "finished">;
  readonly #drawAgencies: number;
  #current: ShownAgencies;
  /** How many agencies with bets and finished ones the lists were made from. */
  #known = 0;

  /** The draw needs the agencies with ids from 1 to N. */
  constructor(
    store: Pick<StoreStats, "agencyBets" | "finished">,
    drawAgencies: number,
  ) {
    this.#store = store;
    this.#drawAgencies = drawAgencies;
    this.#current = this.#list();
  }

  /** No agency ever leaves the store, so an equal number means equal lists. */
  get current(): ShownAgencies {
    const { agencyBets, finished } = this.#store;
    const known = agencyBets.size + finished.size;
    if (known !== this.#known) {
      this.#known = known;
      this.#current = this.#list();
    }
    return this.#current;
  }

  #list(): ShownAgencies {
    const { agencyBets, finished } = this.#store;
    const others = [...finished].filter((id) => !agencyBets.has(id));
    const ids = Uint32Array.from([...agencyBets.keys(), ...others]).sort();
    const shown = [...ids.subarray(0, MAX_SHOWN)];
    const missing: number[] = [];
    let missingCount = 0;
    for (let id = 1; id <= this.#drawAgencies; id++) {
      if (finished.has(id)) continue;
      missingCount++;
      if (missing.length < MAX_MISSING) missing.push(id);
    }
    const more = ids.length - shown.length;
    return { shown, more, missing, missingCount };
  }
}
