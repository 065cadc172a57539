// Finds a delivery's refused rows in their copy, or in a new file at the
// delivery's path. A row matches a refused row only if there is no doubt. It has
//
// 1. that row's position and one of its keys,
// 2. the same document and number, at any position,
// 3. the same text, at any position, if it is unreadable,
// 4. the same person, if no other refused row may be meant,
// 5. or just its position, if no row was added, removed or moved.

import type { DeliveredFile } from "../delivered_file.ts";
import { everyRecord, type RecordStep } from "../every_record.ts";
import { IndexSet } from "../index_set.ts";
import type { RecordReader } from "../source/record_reader.ts";
import type { RowFinder } from "./row_finder.ts";
import {
  ANY_WORD,
  countSharedFields,
  isUnreadable,
  isWhole,
  keysOrTextOf,
  partsOf,
} from "../source/row_keys.ts";
import type { FoundRow, RowIdentity, SentDelivery } from "./sent_delivery.ts";

/** Fields that a row must share with the refused row at its position. */
const MIN_FIELDS_IN_FILE = 3;
const MIN_FIELDS_IN_COPY = 1;

export interface Origin {
  delivery: SentDelivery;
  /** Ranges of the copied rows' bet indexes; `undefined` for a new file. */
  copied?: string | undefined;
}

export interface RowsAtPath {
  rows: FoundRow[];
  /** The first line for which it is unclear whether it is a refused row. */
  unmatchedLine: number | undefined;
}

interface Row {
  index: number;
  line: number;
  /** If the row is unreadable, one key with its text. */
  keys: readonly string[];
  /** The refused row that was at this position. */
  refused: RowIdentity | undefined;
  /** Whether this row has one of the refused row's keys. */
  hasItsKey: boolean;
  /** Fields shared with the refused row, in any order. */
  sharedFields: number;
}

/** Matches each refused row at most once. */
export async function findRowsAtPath(
  file: DeliveredFile,
  finder: RowFinder,
  origin: Origin,
): Promise<RowsAtPath> {
  const matcher = new RowMatcher(finder, origin);
  await everyRecord(file, (reader, step) => {
    matcher.add(reader, step);
  });
  return matcher.finish();
}

class RowMatcher {
  readonly #finder: RowFinder;
  readonly #delivery: SentDelivery;
  readonly #isCopy: boolean;
  /** Bet indexes of the copied rows, or of the file's refused rows. */
  readonly #refused: readonly number[];
  readonly #found: FoundRow[] = [];
  /** Rows that may be refused ones and are not matched yet. */
  #rest: Row[] = [];
  /** The first line whose bet has nothing in common with a refused row. */
  #unrelatedLine: number | undefined;
  #count = 0;
  /** Whether every row may still be at its old position. */
  #areInPlace = false;

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
    // If several refused rows have a key, any of them can be meant.
    const shared = known.filter((key) =>
      isUnreadable(key) || this.#finder.withKey(key).length === 1
    ).map((key) => countSharedFields(key, bytes));
    const row = {
      index,
      line,
      keys,
      refused: refused && this.#finder.follow(refused),
      hasItsKey: known.some((key) => keys.includes(key)),
      sharedFields: Math.max(0, ...shared),
    };
    const isCandidate = this.#isCopy || row.refused || this.#finder.knows(keys);
    if (isCandidate) this.#rest.push(row);
    else if (isBet(row)) this.#unrelatedLine ??= line;
  }

  finish(): RowsAtPath {
    const { records } = this.#delivery;
    const count = this.#isCopy ? this.#refused.length : records;
    this.#areInPlace = this.#count === count;
    this.#matchEach((row) =>
      row.hasItsKey ? this.#unmatchedRefused(row) : undefined
    );
    this.#matchEach(({ keys }) => this.#finder.withBet(keys));
    this.#matchUnchanged();
    this.#matchPersons();
    const unmatchedLine = this.#isCopy
      ? this.#finishCopy()
      : this.#finishFile();
    const rows = this.#found.sort((one, other) => one.index - other.index);
    return { rows, unmatchedLine };
  }

  /** The refused row that was at a record's position. */
  #refusedAt(index: number): RowIdentity | undefined {
    const { id, refused } = this.#delivery;
    if (!this.#isCopy) return refused.has(index) ? [id, index] : undefined;
    const at = this.#refused[index];
    return at === undefined ? undefined : [id, at];
  }

  /**
   * Matches unreadable rows that were left unchanged, if the file has all refused
   * rows with that text.
   */
  #matchUnchanged(): void {
    const unreadable = this.#rest.map(({ keys }) => keys[0]!).filter(
      isUnreadable,
    );
    const unchanged = new Map(
      [...Map.groupBy(unreadable, (key) => key)].flatMap(
        ([key, { length }]) => {
          const refused = this.#finder.withKey(key);
          return refused.length === length ? [[key, refused]] : [];
        },
      ),
    );
    this.#matchEach(({ keys }) => unchanged.get(keys[0]!)?.shift());
  }

  /** Matches rows that can be the correction of only one refused row. */
  #matchPersons(): void {
    const words = this.#finder.unreadableWords();
    if (words.has(ANY_WORD)) return;
    this.#matchEach(({ keys }) =>
      keys.flatMap(partsOf).some((word) => words.has(word))
        ? undefined
        : this.#finder.withPerson(keys)
    );
  }

  /** Returns the first line that cannot be matched. */
  #finishCopy(): number | undefined {
    this.#matchEach((row) =>
      !isBet(row) || row.sharedFields >= MIN_FIELDS_IN_COPY
        ? this.#unmatchedRefused(row)
        : undefined
    );
    return this.#rest[0]?.line;
  }

  #finishFile(): number | undefined {
    this.#matchEach((row) =>
      isBet(row) && row.sharedFields >= MIN_FIELDS_IN_FILE &&
        this.#isMissing(row)
        ? this.#unmatchedRefused(row)
        : undefined
    );
    // A file with half of the refused rows counts as the same file.
    const isSame = 2 * this.#found.length >= this.#refused.length;
    if (isSame) this.#matchEach((row) => this.#unmatchedRefused(row));
    const unmatched = this.#rest.filter(isBet).find((row) =>
      row.sharedFields > 0 && this.#unmatchedRefused(row) &&
      (row.sharedFields >= MIN_FIELDS_IN_FILE || this.#isMissing(row))
    );
    if (unmatched || !isSame || !this.#hasUnclear()) return unmatched?.line;
    // Any other bet may be a refused row that was moved.
    return this.#rest.find(isBet)?.line ?? this.#unrelatedLine;
  }

  /** True if a missing row may have any document and number. */
  #hasUnclear(): boolean {
    return this.#finder.open()
      .some((row) => !this.#finder.keysOf(row).some(isWhole));
  }

  #matchEach(find: (row: Row) => RowIdentity | undefined): void {
    this.#rest = this.#rest.filter((row) => {
      const refused = find(row);
      if (refused) this.#match(row, refused);
      return !refused;
    });
  }

  #match(row: Row, refused: RowIdentity): void {
    const { index, line, keys: [first = ""] } = row;
    this.#finder.claim(refused);
    if (`${refused}` !== `${row.refused}`) this.#areInPlace = false;
    const state = this.#finder.stateOf(refused);
    const key = isUnreadable(first) ? undefined : first;
    this.#found.push({ index, line, key, identity: refused, state });
  }

  /**
   * The refused row at this row's position, unless it is matched already.
   * `undefined` if rows were added, removed or moved.
   */
  #unmatchedRefused({ refused }: Row): RowIdentity | undefined {
    const isFree = this.#areInPlace && refused &&
      !this.#finder.isClaimed(refused);
    return isFree ? refused : undefined;
  }

  #isMissing({ refused }: Row): boolean {
    return !refused || this.#finder.stateOf(refused) === "missing";
  }
}

function isBet({ keys }: Row): boolean {
  return keys.some(isWhole);
}
