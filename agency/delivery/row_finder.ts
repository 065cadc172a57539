// Finds rows that were refused before in another file. Each row is stored in one
// place, the file or its copy: a refused one is followed to where it was sent
// last. Elsewhere a row that looks like it may be another bet: nobody but the
// clerk can tell.

import type { DeliveredFile } from "../delivered_file.ts";
import { everyRecord } from "../every_record.ts";
import type { IndexSet } from "../index_set.ts";
import {
  isRough,
  isWhole,
  keysOf,
  numberAtEnd,
  numberIn,
  partsOf,
} from "./row_keys.ts";
import {
  type FoundRow,
  openRows,
  type Place,
  type RowState,
  type SentDelivery,
  stateOf,
} from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

/** Records that could not be written may lead in a circle. */
const MAX_MOVES = 1000;

const RECENT_MS = 7 * 24 * 60 * 60 * 1000;

export class RowFinder {
  readonly #folder: SentFolder;
  readonly #deliveries = new Map<string, SentDelivery | undefined>();
  readonly #places = new Map<string, Place[]>();
  /** Numbers in the keys; `undefined` if a key has none. */
  readonly #numbers = new Set<number | undefined>();
  readonly #taken = new Set<string>();

  /** Knows the refused rows of some deliveries. */
  constructor(folder: SentFolder, deliveries: readonly SentDelivery[]) {
    this.#folder = folder;
    for (const delivery of deliveries) {
      this.#deliveries.set(delivery.id, delivery);
      for (const [index, key] of Object.entries(delivery.keys)) {
        this.#addKey(key, [delivery.id, Number(index)]);
      }
    }
  }

  /** Also knows the rows by what they were corrected to elsewhere. */
  addCorrections(): void {
    for (const place of [...this.#places.values()].flat()) {
      for (const key of this.keysOf(place)) {
        // A row without document or number is known by its first key.
        if (isWhole(key)) this.#addKey(key, place);
      }
    }
  }

  #addKey(key: string, place: Place): void {
    if (!isRough(key)) this.#numbers.add(numberIn(key));
    const places = this.#places.get(key);
    if (!places) this.#places.set(key, [place]);
    else if (!places.includes(place)) places.push(place);
  }

  /**
   * Finds a row that makes a file doubtful: it may be one that is still refused
   * in another file, or that was and is stored. After a week a stored one counts
   * only in a file that has no others: people bet the same number again. `own`
   * has the rows whose file this is.
   */
  async findDoubtful(
    file: DeliveredFile,
    own: IndexSet,
  ): Promise<FoundRow | undefined> {
    if (this.#numbers.size === 0) return undefined;
    let [first, doubtful]: (FoundRow | undefined)[] = [];
    let hasOthers = false;
    await everyRecord(file, ({ index, line, bytes }, step) => {
      if (step === "header" || own.has(index)) return false;
      const place = this.#mayBeKnown(bytes)
        ? this.#pick(keysOf(bytes), isWhole)
        : undefined;
      if (!place) {
        hasOthers = true;
        return false;
      }
      const state = this.stateOf(place);
      const row = { index, line, place, state, key: undefined };
      first ??= row;
      if (state === "missing" || this.#isRecent(place)) doubtful = row;
      return doubtful !== undefined;
    });
    return doubtful ?? (hasOthers ? undefined : first);
  }

  /** Returns where a row was sent last. */
  follow(place: Place): Place {
    return this.#way(place).at(-1)!;
  }

  /** The keys of a refused row, and of its corrections elsewhere. */
  keysOf(place: Place): string[] {
    return this.#way(place).flatMap(([id, index]) =>
      this.#get(id)?.keys[index] ?? []
    );
  }

  stateOf([id, index]: Place): RowState {
    const delivery = this.#get(id);
    return delivery ? stateOf(delivery, index) : "missing";
  }

  /** Leaves the row at a place out of what is found from now on. */
  take(place: Place): void {
    this.#taken.add(`${place}`);
  }

  isTaken(place: Place): boolean {
    return this.#taken.has(`${place}`);
  }

  /** True if a refused row has one of these keys. */
  knows(keys: readonly string[]): boolean {
    return keys.some((key) => this.#places.has(key));
  }

  /** A refused row of the same bet: it does not matter which. */
  withBet(keys: readonly string[]): Place | undefined {
    return this.#pick(keys.filter(isWhole));
  }

  /**
   * The one refused row that a person's row can be by its keys without document
   * or number, if it is sure.
   */
  withPerson(keys: readonly string[]): Place | undefined {
    const known = keys.filter((key) => !isWhole(key));
    // Two bets of a person look the same.
    const places = known.flatMap((key) => this.#placesOf(key));
    const isOne = new Set(places.map(String)).size === 1;
    return isOne ? this.#pick(known) : undefined;
  }

  /** The refused rows with a key that were not taken. */
  withKey(key: string): Place[] {
    return this.#placesOf(key).filter((place) => !this.isTaken(place));
  }

  /** The words of the refused rows of which little was readable. */
  roughWords(): Set<string> {
    const rough = [...this.#places.keys()].filter((key) =>
      isRough(key) && this.withKey(key).length > 0
    );
    return new Set(rough.flatMap(partsOf));
  }

  /** Where other rows were refused that are stored nowhere. */
  open(): Place[] {
    const starts = [...this.#deliveries.values()].flatMap((one) =>
      one ? openRows(one).values().map((at): Place => [one.id, at]) : []
    );
    return starts.filter((start) => {
      const place = this.follow(start);
      return this.stateOf(place) === "missing" && !this.isTaken(place);
    });
  }

  /** Where the refused rows with a key were sent last. */
  #placesOf(key: string): Place[] {
    return (this.#places.get(key) ?? []).map((place) => this.follow(place));
  }

  /** The places of a row, from where it was refused to where it was sent last. */
  #way(place: Place): Place[] {
    const way = [place];
    while (way.length <= MAX_MOVES) {
      const [id, index] = way.at(-1)!;
      const next = this.#get(id)?.moved[index];
      if (!next || !this.#get(next[0])) break;
      way.push(next);
    }
    return way;
  }

  #isRecent([id]: Place): boolean {
    const at = this.#get(id)?.at ?? "";
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
    isEnough: (key: string) => boolean = () => true,
  ): Place | undefined {
    let stored: Place | undefined;
    for (const key of keys) {
      for (const place of this.withKey(key)) {
        if (this.stateOf(place) === "missing") return place;
        if (isEnough(key)) stored ??= place;
      }
    }
    return stored;
  }

  #get(id: string): SentDelivery | undefined {
    if (!this.#deliveries.has(id)) {
      this.#deliveries.set(id, this.#folder.withId(id));
    }
    return this.#deliveries.get(id);
  }
}
