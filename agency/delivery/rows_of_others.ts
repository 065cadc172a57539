// Rows of a file that were refused in other deliveries: it brings those that are
// not stored yet, and leaves out the others. What a run that was cut off may have
// stored is sent with the identity that it has there: it is stored once in any
// case.

import { formatAction, getLogger } from "../../program/logging.ts";
import { IndexSet } from "../index_set.ts";
import {
  addContent,
  type FoundRow,
  nameOf,
  type Place,
  removeContent,
  type SentDelivery,
  unsureIn,
} from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

export class RowsOfOthers {
  readonly #folder: SentFolder;
  readonly stored: readonly FoundRow[];
  readonly brought: readonly FoundRow[];
  /** Bet indexes of rows that are not sent: they are stored elsewhere. */
  readonly leftOut: IndexSet;
  /** Where the others of `stored` are sent to, by bet index. */
  readonly places: ReadonlyMap<number, Place>;
  /** Bet indexes of rows that are not stored under this delivery's identity. */
  readonly elsewhere: IndexSet;

  constructor(folder: SentFolder, rows: readonly FoundRow[]) {
    this.#folder = folder;
    this.stored = rows.filter(({ isStored }) => isStored);
    this.brought = rows.filter(({ isStored }) => !isStored);
    this.places = new Map(
      this.#byDelivery(this.stored).flatMap(([other, some]) => {
        const isUnsure = unsureIn(other);
        return some.filter(({ place: [, at] }) => isUnsure(at))
          .map(({ index, place }) => [index, place]);
      }),
    );
    const indexes = this.stored.map(({ index }) => index);
    this.elsewhere = IndexSet.of(indexes);
    this.leftOut = IndexSet.of(
      indexes.filter((index) => !this.places.has(index)),
    );
  }

  /** What holds a row that is left out, if there is one. */
  get storedIn(): SentDelivery | undefined {
    const [first] = this.stored;
    return first && this.#folder.withId(first.place[0]);
  }

  log(file: string, isKnown: boolean): void {
    for (const [path, rows] of this.#byPath(this.brought)) {
      getLogger().info(formatAction("find_refused", "success", {
        ...describe(file, rows),
        refused_in: path ?? "-",
      }));
    }
    const isUnsure = ({ index }: FoundRow) => this.places.has(index);
    for (const [path, rows] of this.#byPath(this.stored.filter(isUnsure))) {
      getLogger().info(formatAction("find_refused", "success", {
        ...describe(file, rows),
        reason: `perhaps stored by a run of ${nameOf(path)} that was cut off`,
      }));
    }
    const left = this.stored.filter((row) => !isUnsure(row));
    for (const [path, rows] of this.#byPath(left)) {
      getLogger().warn(formatAction("leave_out", "success", {
        ...describe(file, rows),
        reason: `sent in ${nameOf(path)}`,
        hint: isKnown ? undefined : "--as-new sends them too",
      }));
    }
  }

  /** Remembers in the other deliveries that rows of theirs are sent by this. */
  take({ id, content }: Pick<SentDelivery, "id" | "content">): void {
    for (const [other] of this.#byDelivery(this.#sentElsewhere())) {
      const correction = addContent(other.correction, content);
      this.#folder.update({ ...other, correction });
    }
    for (const [other, rows] of this.#byDelivery(this.brought)) {
      const moved: Record<number, Place> = { ...other.moved };
      const keys: Record<number, string> = { ...other.keys };
      for (const { index, place: [, from], key } of rows) {
        moved[from] = [id, index];
        if (key !== undefined) keys[from] ??= key;
      }
      this.#folder.update({ ...other, moved, keys });
    }
  }

  /**
   * Remembers, once all but the missing rows are stored, which of them others
   * have by that, and which copies that were cut off are complete.
   */
  confirm(missing: IndexSet, content: string): void {
    for (const [other, rows] of this.#byDelivery(this.#sentElsewhere())) {
      const stored = rows.filter(({ index }) => !missing.has(index));
      const confirmed = IndexSet.parse(other.confirmed ?? "")
        .union(IndexSet.of(stored.map(({ place: [, at] }) => at)));
      const all = other.isPart
        ? this.#folder.movedTo(other.id)
        : new IndexSet();
      const isWhole = !other.isComplete && all.size > 0 &&
        all.difference(confirmed).size === 0;
      this.#folder.update({
        ...other,
        confirmed: confirmed.format(),
        correction: removeContent(other.correction, content),
        ...isWhole ? completed(other, all) : {},
      });
    }
  }

  #sentElsewhere(): FoundRow[] {
    return this.stored.filter(({ index }) => this.places.has(index));
  }

  #byPath(rows: readonly FoundRow[]): [string | undefined, FoundRow[]][] {
    return this.#byDelivery(rows).map(([{ path }, some]) => [path, some]);
  }

  #byDelivery(rows: readonly FoundRow[]): [SentDelivery, FoundRow[]][] {
    return [...Map.groupBy(rows, ({ place: [id] }) => id)]
      .flatMap(([id, some]) => {
        const delivery = this.#folder.withId(id);
        return delivery ? [[delivery, some]] : [];
      });
  }
}

/** A copy that others have sent to its end, with these rows of its own. */
function completed(
  { moved = {} }: SentDelivery,
  own: IndexSet,
): Partial<SentDelivery> {
  const elsewhere = IndexSet.of(Object.keys(moved).map(Number)).difference(own);
  return {
    isComplete: true,
    begunAt: undefined,
    correction: undefined,
    records: 1 + own.union(elsewhere).values().at(-1)!,
    stored: own.size,
    refused: elsewhere.format(),
    digests: undefined,
  };
}

function describe(
  file: string,
  rows: readonly FoundRow[],
): Record<string, string | number | undefined> {
  return { file, rows: rows.length, line: rows[0]?.line };
}
