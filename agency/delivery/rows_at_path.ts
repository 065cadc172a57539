// Finds the refused rows of a delivery in a copy of them, or in a new file at its
// path: by their keys, or else by their places, if no row was added or removed.

import { everyRecord, type OpenReader } from "../every_record.ts";
import { IndexSet } from "./index_set.ts";
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
  /** The refused row that it may be by its place, and whether that is sure. */
  place: Place | undefined;
  isSure: boolean;
}

/** Finds each refused row once. */
export async function findRowsAtPath(
  openReader: OpenReader,
  finder: RowFinder,
  origin: Origin,
): Promise<RowsAtPath> {
  const isCopy = origin.copied !== undefined;
  const rows: FoundRow[] = [];
  const [unknown, unreadable]: [Row[], Row[]] = [[], []];
  const taken = new Set<string>();
  const likely = new LikelyRows(finder, origin);
  let count = 0;
  const take = ({ index, line, key }: Row, place: Place) => {
    taken.add(`${place}`);
    const isStored = finder.isStored(place);
    rows.push({ index, line, key, place, isStored });
  };
  await everyRecord(openReader(), ({ index, line, bytes }, step) => {
    count++;
    if (step === "header") return;
    const keys = keysOf(bytes);
    const place = finder.only(keys, taken);
    const row = { index, line, key: keys[0], ...likely.at(index, bytes) };
    if (place) take(row, place);
    else if (isCopy && !keys.some(isWhole)) unreadable.push(row);
    else if (isCopy || row.place) unknown.push(row);
  });
  const isFree = (place: Place | undefined): place is Place =>
    count === likely.count && place !== undefined && !taken.has(`${place}`);
  let strangeLine: number | undefined;
  for (const row of unknown) {
    const { place, isSure, line } = row;
    const isStored = place !== undefined && finder.isStored(place);
    if (isFree(place) && isSure && (isCopy || !isStored)) take(row, place);
    else if (isCopy || (isFree(place) && (isSure || !isStored))) {
      strangeLine ??= line;
    }
  }
  // What cannot be a bet is only refused again, unless it is stored.
  const open = isCopy ? finder.open(taken).values() : [].values();
  for (const row of unreadable) {
    const isStored = isFree(row.place) && finder.isStored(row.place);
    const place = isStored ? row.place : open.next().value;
    if (place) take(row, place);
  }
  return { rows, strangeLine };
}

/** The refused rows as they lie in a copy, or in the file. */
class LikelyRows {
  readonly #finder: RowFinder;
  readonly #delivery: SentDelivery;
  readonly #indexes: readonly number[] | undefined;
  readonly count: number;

  constructor(finder: RowFinder, { delivery, copied }: Origin) {
    this.#finder = finder;
    this.#delivery = delivery;
    this.#indexes = copied === undefined
      ? undefined
      : IndexSet.parse(copied).values();
    this.count = this.#indexes?.length ?? delivery.records;
  }

  /** Which refused row a row may be that lies where that lay. */
  at(at: number, row: Uint8Array): Pick<Row, "place" | "isSure"> {
    const index = this.#indexes ? this.#indexes[at] : at;
    const key = index === undefined ? undefined : this.#delivery.keys?.[index];
    const left = key !== undefined && isRough(key) ? fieldsLeft(key, row) : 0;
    const least = this.#indexes ? MIN_FIELDS_IN_COPY : MIN_FIELDS_IN_FILE;
    return {
      place: left === 0
        ? undefined
        : this.#finder.follow([this.#delivery.id, index!]),
      isSure: left >= least,
    };
  }
}
