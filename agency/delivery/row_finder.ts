// Finds rows that were refused before in another file. Each row is stored in one
// place, the file or its copy: a refused one is followed to where it was sent
// last. Elsewhere a row that looks like it may be another bet: nobody but the
// clerk can tell.

import { everyRecord, type OpenReader } from "../every_record.ts";
import type { IndexSet } from "../index_set.ts";
import { isRough, isWhole, keysOf, numberAtEnd, numberIn } from "./row_keys.ts";
import {
  type FoundRow,
  openRows,
  type Place,
  type SentDelivery,
} from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

/** Records that could not be written may lead in a circle. */
const MAX_MOVES = 1000;

const NONE: ReadonlySet<string> = new Set();

const RECENT_MS = 7 * 24 * 60 * 60 * 1000;

interface Known {
  delivery: SentDelivery;
  open: IndexSet;
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
        if (isRough(key)) continue;
        this.#numbers.add(numberIn(key));
        const places = this.#places.get(key);
        const place: Place = [delivery.id, Number(index)];
        if (places) places.push(place);
        else this.#places.set(key, [place]);
      }
    }
  }

  /**
   * Finds a row that makes a file doubtful: it may be one that is still refused
   * in another file, or that was and is stored. After a week a stored one counts
   * only in a file that has no others: people bet the same number again. `own`
   * has the rows whose file this is.
   */
  async findDoubtful(
    openReader: OpenReader,
    own: IndexSet,
  ): Promise<FoundRow | undefined> {
    if (this.#places.size === 0) return undefined;
    let [first, doubtful]: (FoundRow | undefined)[] = [];
    let hasOthers = false;
    await everyRecord(openReader(), ({ index, line, bytes }, step) => {
      if (step === "header" || doubtful || own.has(index)) return;
      const place = this.#mayBeKnown(bytes)
        ? this.#pick(keysOf(bytes), NONE, isWhole)
        : undefined;
      if (!place) {
        hasOthers = true;
        return;
      }
      const isStored = this.isStored(place);
      const row = { index, line, place, isStored, key: undefined };
      first ??= row;
      if (!isStored || this.#isRecent(place)) doubtful = row;
    });
    return doubtful ?? (hasOthers ? undefined : first);
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
    return !isComplete || correction !== undefined || !known.open.has(index);
  }

  /** The one refused row that a row of a copy can be, if it is sure. */
  only(
    keys: readonly string[],
    taken: ReadonlySet<string>,
  ): Place | undefined {
    const found = keys.flatMap((key) => {
      const place = this.#pick([key], taken);
      return place ? [{ key, place }] : [];
    });
    const [first, ...others] = found;
    if (!first || others.some(({ place }) => `${place}` !== `${first.place}`)) {
      return undefined;
    }
    // Without document or number, two bets of a person look the same.
    const isAlone = (this.#places.get(first.key)?.length ?? 0) === 1;
    return isWhole(first.key) || isAlone ? first.place : undefined;
  }

  /** Refused rows that are stored nowhere, in their order. */
  open(taken: ReadonlySet<string>): Place[] {
    const open = new Map<string, Place>();
    for (const known of [...this.#known.values()]) {
      for (const index of known?.open.values() ?? []) {
        const place = this.follow([known!.delivery.id, index]);
        if (this.isStored(place) || taken.has(`${place}`)) continue;
        open.set(`${place}`, place);
      }
    }
    return [...open.values()];
  }

  #isRecent([id]: Place): boolean {
    const at = this.#get(id)?.delivery.at ?? "";
    return Date.parse(at) > Date.now() - RECENT_MS;
  }

  #mayBeKnown(row: Uint8Array): boolean {
    return this.#numbers.has(undefined) || this.#numbers.has(numberAtEnd(row));
  }

  /**
   * A row that is not stored comes first: a file may have the same bet twice.
   * `isEnough` says which keys are enough for one that is stored.
   */
  #pick(
    keys: readonly string[],
    taken: ReadonlySet<string>,
    isEnough: (key: string) => boolean = () => true,
  ): Place | undefined {
    let stored: Place | undefined;
    for (const key of keys) {
      for (const start of this.#places.get(key) ?? []) {
        const place = this.follow(start);
        if (taken.has(place.join())) continue;
        if (!this.isStored(place)) return place;
        if (isEnough(key)) stored ??= place;
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
    this.#known.set(delivery.id, { delivery, open: openRows(delivery) });
  }
}
