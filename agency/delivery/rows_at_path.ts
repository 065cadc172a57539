// Finds the refused rows of a delivery in a copy of them, or in a new file at its
// path: by their keys, or else by their places, if no row was added or removed.

import { everyRecord, type OpenReader } from "../every_record.ts";
import { IndexSet } from "../index_set.ts";
import type { RowFinder } from "./row_finder.ts";
import { fieldsLeft, isRough, isWhole, keysOf } from "./row_keys.ts";
import type { FoundRow, Place, SentDelivery } from "./sent_delivery.ts";

/** Fields that are left of a refused row if it is surely the one at its place. */
const MIN_FIELDS_IN_FILE = 3;
const MIN_FIELDS_IN_COPY = 1;

export interface Origin {
  delivery: SentDelivery;
  /** Bet indexes of a copy's rows; `undefined` for a new file. */
  copied?: string | undefined;
}

export interface RowsAtPath {
  rows: FoundRow[];
  /** The first line with a bet that is not surely one of the refused rows. */
  strangeLine: number | undefined;
}

interface Row {
  index: number;
  line: number;
  key: string | undefined;
  /** The refused row that lay where this one lies, and what is left of it. */
  place: Place | undefined;
  fieldsLeft: number;
}

/** Finds each refused row once. */
export async function findRowsAtPath(
  openReader: OpenReader,
  finder: RowFinder,
  origin: Origin,
): Promise<RowsAtPath> {
  const matcher = new RowMatcher(finder, origin);
  await everyRecord(openReader(), ({ index, line, bytes }, step) => {
    matcher.add(index, line, step === "header" ? undefined : bytes);
  });
  return matcher.end();
}

class RowMatcher {
  readonly #finder: RowFinder;
  readonly #isCopy: boolean;
  readonly #places: RefusedPlaces;
  readonly #rows: FoundRow[] = [];
  readonly #taken = new Set<string>();
  /** Bets that are no refused row by their keys. */
  readonly #unknown: Row[] = [];
  /** Rows that cannot be bets. */
  readonly #unreadable: Row[] = [];
  #count = 0;

  constructor(finder: RowFinder, origin: Origin) {
    this.#finder = finder;
    this.#isCopy = origin.copied !== undefined;
    this.#places = new RefusedPlaces(finder, origin);
  }

  /** Takes a row that is known by its keys; none for a header. */
  add(index: number, line: number, row: Uint8Array | undefined): void {
    this.#count++;
    if (!row) return;
    const keys = keysOf(row);
    const known = this.#finder.only(keys, this.#taken);
    const one = { index, line, key: keys[0], ...this.#places.at(index, row) };
    if (known) this.#take(one, known);
    else if (!this.#isCopy && !one.place) return;
    else if (keys.some(isWhole)) this.#unknown.push(one);
    else this.#unreadable.push(one);
  }

  end(): RowsAtPath {
    return this.#isCopy ? this.#ofCopy() : this.#ofFile();
  }

  #ofCopy(): RowsAtPath {
    const strange = this.#unknown.filter((row) =>
      row.fieldsLeft < MIN_FIELDS_IN_COPY || !this.#takeAtPlace(row)
    );
    // What cannot be a bet is only refused again, unless it is stored.
    const open = this.#finder.open(this.#taken).values();
    for (const row of this.#unreadable) {
      const isStored = row.fieldsLeft > 0 && this.#isStored(row);
      if (isStored && this.#takeAtPlace(row)) continue;
      const next = open.next().value;
      if (next) this.#take(row, next);
    }
    return { rows: this.#rows, strangeLine: strange[0]?.line };
  }

  #ofFile(): RowsAtPath {
    const rest = this.#unknown.filter((row) =>
      row.fieldsLeft < MIN_FIELDS_IN_FILE || this.#isStored(row) ||
      !this.#takeAtPlace(row)
    );
    // With half of its refused rows it is the same file.
    const isSame = 2 * this.#rows.length >= this.#places.refused;
    const others = isSame ? [...rest, ...this.#unreadable] : [];
    for (const row of others) this.#takeAtPlace(row);
    const strange = rest.find((row) =>
      row.fieldsLeft > 0 && this.#isFree(row) &&
      (row.fieldsLeft >= MIN_FIELDS_IN_FILE || !this.#isStored(row))
    );
    return { rows: this.#rows, strangeLine: strange?.line };
  }

  #take({ index, line, key }: Row, place: Place): void {
    this.#taken.add(`${place}`);
    const isStored = this.#finder.isStored(place);
    this.#rows.push({ index, line, key, place, isStored });
  }

  #takeAtPlace(row: Row): boolean {
    if (!this.#isFree(row)) return false;
    this.#take(row, row.place!);
    return true;
  }

  /** False if rows were added or removed. */
  #isFree({ place }: Row): boolean {
    return this.#count === this.#places.count && place !== undefined &&
      !this.#taken.has(`${place}`);
  }

  #isStored({ place }: Row): boolean {
    return place !== undefined && this.#finder.isStored(place);
  }
}

/** The refused rows as they lie in a copy, or in the file. */
class RefusedPlaces {
  readonly #finder: RowFinder;
  readonly #delivery: SentDelivery;
  readonly #indexes: readonly (number | undefined)[];
  readonly refused: number;
  /** Number of all records of the copy, or of the file. */
  readonly count: number;

  constructor(finder: RowFinder, { delivery, copied }: Origin) {
    this.#finder = finder;
    this.#delivery = delivery;
    const indexes = IndexSet.parse(copied ?? delivery.refused).values();
    this.#indexes = copied === undefined ? sparse(indexes) : indexes;
    this.refused = indexes.length;
    this.count = copied === undefined ? delivery.records : indexes.length;
  }

  at(at: number, row: Uint8Array): Pick<Row, "place" | "fieldsLeft"> {
    const index = this.#indexes[at];
    if (index === undefined) return { place: undefined, fieldsLeft: 0 };
    const key = this.#delivery.keys?.[index];
    const isKnown = key !== undefined && isRough(key);
    return {
      place: this.#finder.follow([this.#delivery.id, index]),
      fieldsLeft: isKnown ? fieldsLeft(key, row) : 0,
    };
  }
}

/** Each index at its own place. */
function sparse(indexes: readonly number[]): (number | undefined)[] {
  const places: (number | undefined)[] = [];
  for (const index of indexes) places[index] = index;
  return places;
}
