// Finds the refused rows of a delivery in a copy of them, or in a new file at its
// path. A row is one of them only if that is sure: it has that row's place and
// key; or the key of a bet, or its text, wherever it lies; or a person's, if no
// other row can be meant; or else its place, if all rows lie at theirs.

import type { DeliveredFile } from "../delivered_file.ts";
import { everyRecord, type RecordStep } from "../every_record.ts";
import { IndexSet } from "../index_set.ts";
import type { RecordReader } from "../source/record_reader.ts";
import type { RowFinder } from "./row_finder.ts";
import {
  ANY_WORD,
  fieldsLeft,
  isRough,
  isWhole,
  keysOrTextOf,
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
  await everyRecord(file, (reader, step) => {
    matcher.add(reader, step);
  });
  return matcher.end();
}

class RowMatcher {
  readonly #finder: RowFinder;
  readonly #delivery: SentDelivery;
  readonly #isCopy: boolean;
  /** Bet indexes of the rows of the copy, or of the refused rows of the file. */
  readonly #refused: readonly number[];
  readonly #found: FoundRow[] = [];
  /** Rows that may be refused ones and were not found yet. */
  #rest: Row[] = [];
  /** The first line with a bet that cannot be a refused row of a file. */
  #otherLine: number | undefined;
  #count = 0;
  /** Whether each row can lie where it lay. */
  #isInPlace = false;

  constructor(finder: RowFinder, { delivery, copied }: Origin) {
    this.#finder = finder;
    this.#delivery = delivery;
    this.#isCopy = copied !== undefined;
    const refused = copied === undefined
      ? delivery.refused
      : IndexSet.parse(copied);
    this.#refused = refused.values();
    finder.addCorrections();
  }

  add({ index, line, bytes }: RecordReader, step: RecordStep): void {
    this.#count++;
    if (step === "header") return;
    const keys = keysOrTextOf(bytes);
    const refused = this.#refusedAt(index);
    const known = refused ? this.#finder.keysOf(refused) : [];
    const left = known.filter(isRough).map((key) => fieldsLeft(key, bytes));
    const row = {
      index,
      line,
      keys,
      place: refused && this.#finder.follow(refused),
      hasItsKey: known.some((key) => keys.includes(key)),
      fieldsLeft: Math.max(0, ...left),
    };
    const mayBe = this.#isCopy || row.place || this.#finder.knows(keys);
    if (mayBe) this.#rest.push(row);
    else if (isBet(row)) this.#otherLine ??= line;
  }

  end(): RowsAtPath {
    const { records } = this.#delivery;
    const count = this.#isCopy ? this.#refused.length : records;
    this.#isInPlace = this.#count === count;
    this.#takeEach((row) => row.hasItsKey ? this.#freePlace(row) : undefined);
    this.#takeEach(({ keys }) => this.#finder.withBet(keys));
    this.#takeUnchanged();
    this.#takePersons();
    const strangeLine = this.#isCopy ? this.#endOfCopy() : this.#endOfFile();
    const rows = this.#found.sort((one, other) => one.index - other.index);
    return { rows, strangeLine };
  }

  /** The refused row that lay where a record lies. */
  #refusedAt(index: number): Place | undefined {
    const { id, refused } = this.#delivery;
    if (!this.#isCopy) return refused.has(index) ? [id, index] : undefined;
    const at = this.#refused[index];
    return at === undefined ? undefined : [id, at];
  }

  /** Rows of which little is readable, if none with that text is missing. */
  #takeUnchanged(): void {
    const rough = this.#rest.map(({ keys }) => keys[0]!).filter(isRough);
    const unchanged = new Map(
      [...Map.groupBy(rough, (key) => key)].flatMap(([key, { length }]) => {
        const places = this.#finder.withKey(key);
        return places.length === length ? [[key, places]] : [];
      }),
    );
    this.#takeEach(({ keys }) => unchanged.get(keys[0]!)?.shift());
  }

  /** Rows that only one refused row can have become. */
  #takePersons(): void {
    const words = this.#finder.roughWords();
    if (words.has(ANY_WORD)) return;
    this.#takeEach(({ keys }) =>
      keys.flatMap(partsOf).some((word) => words.has(word))
        ? undefined
        : this.#finder.withPerson(keys)
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
    const hasOpen = this.#finder.open().length > 0;
    return this.#rest.find((row) => hasOpen || isBet(row))?.line;
  }

  #endOfFile(): number | undefined {
    this.#takeEach((row) =>
      isBet(row) && row.fieldsLeft >= MIN_FIELDS_IN_FILE && this.#isMissing(row)
        ? this.#freePlace(row)
        : undefined
    );
    // With half of its refused rows it is the same file.
    const isSame = 2 * this.#found.length >= this.#refused.length;
    if (isSame) this.#takeEach((row) => this.#freePlace(row));
    const strange = this.#rest.filter(isBet).find((row) =>
      row.fieldsLeft > 0 && this.#freePlace(row) &&
      (row.fieldsLeft >= MIN_FIELDS_IN_FILE || this.#isMissing(row))
    );
    if (strange || !isSame || !this.#hasUnclear()) return strange?.line;
    // Any other bet may be a refused row that lies elsewhere now.
    return this.#rest.find(isBet)?.line ?? this.#otherLine;
  }

  /** True if an open row may be a bet with any document and number. */
  #hasUnclear(): boolean {
    return this.#finder.open()
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
    this.#finder.take(place);
    if (`${place}` !== `${row.place}`) this.#isInPlace = false;
    const state = this.#finder.stateOf(place);
    const key = isRough(first) ? undefined : first;
    this.#found.push({ index, line, key, place, state });
  }

  /** `undefined` if rows were added, removed or moved. */
  #freePlace({ place }: Row): Place | undefined {
    const isFree = this.#isInPlace && place && !this.#finder.isTaken(place);
    return isFree ? place : undefined;
  }

  #isMissing({ place }: Row): boolean {
    return !place || this.#finder.stateOf(place) === "missing";
  }
}

function isBet({ keys }: Row): boolean {
  return keys.some(isWhole);
}
