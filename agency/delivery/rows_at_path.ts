// Finds the refused rows of a delivery in a copy of them, or in a new file at its
// path. A row is one of them only if that is sure: it has that row's place and
// key; or the key of a bet, or its text, wherever it lies; or a person's, if no
// other row can be meant; or else its place, if all rows lie at theirs.

import type { DeliveredFile } from "../delivered_file.ts";
import { everyRecord } from "../every_record.ts";
import { IndexSet } from "../index_set.ts";
import type { RowFinder } from "./row_finder.ts";
import {
  ANY_WORD,
  fieldsLeft,
  isRough,
  isWhole,
  keyOf,
  keysOf,
  partsOf,
} from "./row_keys.ts";
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
  /** If it has none of a bet or a person, the one of its text. */
  keys: readonly string[];
  /** The refused row that lay where this one lies. */
  place: Place | undefined;
  /** Whether it has a key of that row. */
  hasItsKey: boolean;
  /** What is left of that row, if little of it was readable. */
  fieldsLeft: number;
}

/** Finds each refused row once. */
export async function findRowsAtPath(
  file: DeliveredFile,
  finder: RowFinder,
  origin: Origin,
): Promise<RowsAtPath> {
  const matcher = new RowMatcher(finder, origin);
  await everyRecord(file, ({ index, line, bytes }, step) => {
    matcher.add(index, line, step === "header" ? undefined : bytes);
  });
  return matcher.end();
}

class RowMatcher {
  readonly #finder: RowFinder;
  readonly #isCopy: boolean;
  readonly #places: RefusedPlaces;
  readonly #found: FoundRow[] = [];
  readonly #taken = new Set<string>();
  /** Rows that may be refused ones and were not found yet. */
  #rest: Row[] = [];
  /** The first line with a bet that cannot be a refused row of a file. */
  #otherLine: number | undefined;
  #count = 0;
  /** Whether each row can lie where it lay. */
  #isInPlace = false;

  constructor(finder: RowFinder, origin: Origin) {
    this.#finder = finder;
    this.#isCopy = origin.copied !== undefined;
    finder.addCorrections();
    this.#places = new RefusedPlaces(finder, origin);
  }

  /** Takes a row; none for a header. */
  add(index: number, line: number, bytes: Uint8Array | undefined): void {
    this.#count++;
    if (!bytes) return;
    const some = keysOf(bytes);
    const keys = some.length > 0 ? some : [keyOf(bytes)];
    const row = { index, line, keys, ...this.#places.at(index, bytes, keys) };
    const mayBe = this.#isCopy || row.place || this.#finder.knows(keys);
    if (mayBe) this.#rest.push(row);
    else if (isBet(row)) this.#otherLine ??= line;
  }

  end(): RowsAtPath {
    this.#isInPlace = this.#count === this.#places.count;
    this.#takeEach((row) => row.hasItsKey ? this.#freePlace(row) : undefined);
    this.#takeEach(({ keys }) => this.#finder.withBet(keys, this.#taken));
    this.#takeUnchanged();
    this.#takePersons();
    const strangeLine = this.#isCopy ? this.#endOfCopy() : this.#endOfFile();
    const rows = this.#found.sort((one, other) => one.index - other.index);
    return { rows, strangeLine };
  }

  /** Rows of which little is readable, if none with that text is missing. */
  #takeUnchanged(): void {
    const rough = this.#rest.map(({ keys }) => keys[0]!).filter(isRough);
    const unchanged = new Map(
      [...Map.groupBy(rough, (key) => key)].flatMap(([key, { length }]) => {
        const places = this.#finder.withText(key, this.#taken);
        return places.length === length ? [[key, places]] : [];
      }),
    );
    this.#takeEach(({ keys }) => unchanged.get(keys[0]!)?.shift());
  }

  /** Rows that only one refused row can have become. */
  #takePersons(): void {
    const words = this.#finder.roughWords(this.#taken);
    if (words.has(ANY_WORD)) return;
    this.#takeEach(({ keys }) =>
      keys.flatMap(partsOf).some((word) => words.has(word))
        ? undefined
        : this.#finder.withPerson(keys, this.#taken)
    );
  }

  /** Returns the first line that is not surely a refused row. */
  #endOfCopy(): number | undefined {
    this.#takeEach((row) =>
      !isBet(row) || row.fieldsLeft >= MIN_FIELDS_IN_COPY
        ? this.#freePlace(row)
        : undefined
    );
    // What cannot be a bet is only refused again, unless it can be open.
    const hasOpen = this.#finder.open(this.#taken).length > 0;
    return this.#rest.find((row) => hasOpen || isBet(row))?.line;
  }

  #endOfFile(): number | undefined {
    this.#takeEach((row) =>
      isBet(row) && row.fieldsLeft >= MIN_FIELDS_IN_FILE && !this.#isStored(row)
        ? this.#freePlace(row)
        : undefined
    );
    // With half of its refused rows it is the same file.
    const isSame = 2 * this.#found.length >= this.#places.refused;
    if (isSame) this.#takeEach((row) => this.#freePlace(row));
    const strange = this.#rest.filter(isBet).find((row) =>
      row.fieldsLeft > 0 && this.#freePlace(row) &&
      (row.fieldsLeft >= MIN_FIELDS_IN_FILE || !this.#isStored(row))
    );
    if (strange || !isSame || !this.#hasUnclear()) return strange?.line;
    // Any other bet may be a refused row that lies elsewhere now.
    return this.#rest.find(isBet)?.line ?? this.#otherLine;
  }

  /** True if an open row may be a bet with any document and number. */
  #hasUnclear(): boolean {
    return this.#finder.open(this.#taken)
      .some((place) => !this.#finder.keysOf(place).some(isWhole));
  }

  #takeEach(find: (row: Row) => Place | undefined): void {
    this.#rest = this.#rest.filter((row) => {
      const place = find(row);
      if (place) this.#take(row, place);
      return !place;
    });
  }

  #take(row: Row, place: Place): void {
    const { index, line, keys: [first = ""] } = row;
    this.#taken.add(`${place}`);
    if (`${place}` !== `${row.place}`) this.#isInPlace = false;
    const isStored = this.#finder.isStored(place);
    const key = isRough(first) ? undefined : first;
    this.#found.push({ index, line, key, place, isStored });
  }

  /** `undefined` if rows were added, removed or moved. */
  #freePlace({ place }: Row): Place | undefined {
    return this.#isInPlace && !this.#taken.has(`${place}`) ? place : undefined;
  }

  #isStored({ place }: Row): boolean {
    return place !== undefined && this.#finder.isStored(place);
  }
}

function isBet({ keys }: Row): boolean {
  return keys.some(isWhole);
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

  at(
    at: number,
    row: Uint8Array,
    keys: readonly string[],
  ): Pick<Row, "place" | "hasItsKey" | "fieldsLeft"> {
    const index = this.#indexes[at];
    if (index === undefined) {
      return { place: undefined, hasItsKey: false, fieldsLeft: 0 };
    }
    const start: Place = [this.#delivery.id, index];
    const known = this.#finder.keysOf(start);
    const rough = known.filter(isRough);
    return {
      place: this.#finder.follow(start),
      hasItsKey: known.some((key) => keys.includes(key)),
      fieldsLeft: Math.max(0, ...rough.map((key) => fieldsLeft(key, row))),
    };
  }
}

/** Each index at its own place. */
function sparse(indexes: readonly number[]): (number | undefined)[] {
  const places: (number | undefined)[] = [];
  for (const index of indexes) places[index] = index;
  return places;
}
