// Finds rows that were refused before in another file. Each row is stored in one
// place: a refused one is followed to where it was sent last.

import { everyRecord, type OpenReader } from "../every_record.ts";
import { IndexSet } from "./index_set.ts";
import { keysOf, numberAtEnd, numberIn } from "./row_keys.ts";
import type { Place, SentDelivery } from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

/** Records that could not be written may lead in a circle. */
const MAX_MOVES = 1000;

/** A row of a file that was refused before, in another one. */
export interface FoundRow {
  index: number;
  /** Its line number, from 1, in a new file. */
  line?: number;
  /** Where it was sent last. */
  place: Place;
  /** Whether it is stored there, or may be. */
  isStored: boolean;
  key: string | undefined;
}

interface Known {
  delivery: SentDelivery;
  refused: IndexSet;
}

export class RowFinder {
  readonly #folder: SentFolder;
  readonly #known = new Map<string, Known | undefined>();
  readonly #places = new Map<string, Place[]>();
  /** Numbers in the keys; `undefined` if a key has none. */
  readonly #numbers = new Set<number | undefined>();

  /** Knows the refused rows of some deliveries. */
  constructor(folder: SentFolder, deliveries: readonly SentDelivery[]) {
    this.#folder = folder;
    for (const delivery of deliveries) {
      this.#add(delivery);
      for (const [index, key] of Object.entries(delivery.keys ?? {})) {
        this.#numbers.add(numberIn(key));
        const places = this.#places.get(key);
        const place: Place = [delivery.id, Number(index)];
        if (places) places.push(place);
        else this.#places.set(key, [place]);
      }
    }
  }

  /**
   * Finds rows of a new file by their keys, and those of a copy that have none
   * by their places in it.
   */
  async find(
    openReader: OpenReader,
    copied?: Pick<SentDelivery, "id"> & { rows: string },
  ): Promise<FoundRow[]> {
    const found: FoundRow[] = [];
    const unknown: Omit<FoundRow, "place" | "isStored">[] = [];
    if (this.#places.size === 0 && !copied) return found;
    const taken = new Set<string>();
    let count = 0;
    await everyRecord(openReader(), ({ index, line, bytes }, step) => {
      count++;
      if (step === "header") return;
      const mayBeKnown = copied || this.#numbers.has(undefined) ||
        this.#numbers.has(numberAtEnd(bytes));
      if (!mayBeKnown) return;
      const keys = keysOf(bytes);
      const place = this.#pick(keys, taken);
      const row = { index, line, key: keys[0] };
      if (!place) {
        unknown.push(row);
        return;
      }
      taken.add(place.join());
      found.push({ ...row, place, isStored: this.isStored(place) });
    });
    const rows = copied ? IndexSet.parse(copied.rows).values() : [];
    if (!copied || rows.length !== count) return found;
    for (const row of unknown) {
      const place = this.follow([copied.id, rows[row.index]!]);
      if (taken.has(place.join()) || this.isStored(place)) continue;
      found.push({ ...row, place, isStored: false });
    }
    return found;
  }

  /** Returns where a row was sent last. */
  follow(place: Place): Place {
    for (let moves = 0; moves < MAX_MOVES; moves++) {
      const [id, index] = place;
      const next = this.#get(id)?.delivery.moved?.[index];
      if (!next || !this.#get(next[0])) break;
      place = next;
    }
    return place;
  }

  /** True if a row is stored in its delivery, or may be. */
  isStored([id, index]: Place): boolean {
    const known = this.#get(id);
    if (!known) return false;
    const { isComplete, correction } = known.delivery;
    return !isComplete || correction !== undefined || !known.refused.has(index);
  }

  /** A row that is not stored comes first: a file may have the same bet twice. */
  #pick(
    keys: readonly string[],
    taken: ReadonlySet<string>,
  ): Place | undefined {
    let stored: Place | undefined;
    for (const key of keys) {
      for (const start of this.#places.get(key) ?? []) {
        const place = this.follow(start);
        if (taken.has(place.join())) continue;
        if (!this.isStored(place)) return place;
        stored ??= place;
      }
    }
    return stored;
  }

  #get(id: string): Known | undefined {
    if (!this.#known.has(id)) {
      const delivery = this.#folder.withId(id);
      if (delivery) this.#add(delivery);
      else this.#known.set(id, undefined);
    }
    return this.#known.get(id);
  }

  #add(delivery: SentDelivery): void {
    const refused = IndexSet.parse(delivery.refused);
    this.#known.set(delivery.id, { delivery, refused });
  }
}
