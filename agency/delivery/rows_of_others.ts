// Rows of a file that were refused in other deliveries: it brings those that are
// not stored yet, and leaves out the others. What a run that was cut off may have
// stored is sent with the identity that it has there: it is stored once in any
// case.

import { formatAction, getLogger } from "../../program/logging.ts";
import { IndexSet } from "../index_set.ts";
import { movedTo } from "./moved_rows.ts";
import {
  type FoundRow,
  nameOf,
  type Place,
  type RowState,
  type SentDelivery,
} from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

export class RowsOfOthers {
  readonly #folder: SentFolder;
  readonly #rows: readonly FoundRow[];
  /** Rows that are stored nowhere yet. */
  readonly brought: readonly FoundRow[];
  /** Rows that are stored elsewhere, or may be. */
  readonly stored: readonly FoundRow[];
  /** Bet indexes of `stored`: they are not stored under this identity. */
  readonly elsewhere: IndexSet;
  /** Bet indexes of rows that are not sent, because they are surely stored. */
  readonly leftOut: IndexSet;
  /** Where the others of `stored` are sent to, by bet index. */
  readonly places: ReadonlyMap<number, Place>;

  constructor(folder: SentFolder, rows: readonly FoundRow[]) {
    this.#folder = folder;
    this.#rows = rows;
    this.brought = this.#with("missing");
    this.stored = this.#with("stored", "unsure");
    this.elsewhere = indexesOf(this.stored);
    this.leftOut = indexesOf(this.#with("stored"));
    this.places = new Map(
      this.#with("unsure").map(({ index, place }) => [index, place]),
    );
  }

  /** What holds a row that is left out, if there is one. */
  get storedIn(): SentDelivery | undefined {
    const [first] = this.stored;
    return first && this.#folder.withId(first.place[0]);
  }

  log(file: string, isKnown: boolean): void {
    const describe = (rows: readonly FoundRow[]) => ({
      file,
      rows: rows.length,
      line: rows[0]?.line,
    });
    for (const [{ path = "-" }, rows] of this.#byDelivery("missing")) {
      getLogger().info(formatAction("find_refused", "success", {
        ...describe(rows),
        refused_in: path,
      }));
    }
    for (const [{ path }, rows] of this.#byDelivery("unsure")) {
      getLogger().info(formatAction("find_refused", "success", {
        ...describe(rows),
        reason: `perhaps stored by a run of ${nameOf(path)} that was cut off`,
      }));
    }
    for (const [{ path }, rows] of this.#byDelivery("stored")) {
      getLogger().warn(formatAction("leave_out", "success", {
        ...describe(rows),
        reason: `sent in ${nameOf(path)}`,
        hint: isKnown ? undefined : "--as-new sends them too",
      }));
    }
  }

  /** Remembers in the other deliveries that rows of theirs are sent by this. */
  take({ id, content }: Pick<SentDelivery, "id" | "content">): void {
    for (const [other] of this.#byDelivery("unsure")) {
      const corrections = other.corrections.union(new Set([content]));
      this.#folder.update({ ...other, corrections });
    }
    for (const [other, rows] of this.#byDelivery("missing")) {
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
    for (const [other, rows] of this.#byDelivery("unsure")) {
      const stored = rows.filter(({ index }) => !missing.has(index));
      const confirmed = other.confirmed
        .union(IndexSet.of(stored.map(({ place: [, at] }) => at)));
      this.#folder.update({
        ...other,
        confirmed,
        corrections: other.corrections.difference(new Set([content])),
        ...this.#completed(other, confirmed),
      });
    }
  }

  /** What changes for a copy that was cut off, if others have all its rows now. */
  #completed(
    { id, isPart, isComplete, moved }: SentDelivery,
    confirmed: IndexSet,
  ): Partial<SentDelivery> {
    if (!isPart || isComplete) return {};
    const own = movedTo(id, this.#folder.everRefused());
    if (own.size === 0 || own.difference(confirmed).size > 0) return {};
    const sent = IndexSet.of(Object.keys(moved).map(Number));
    return {
      isComplete: true,
      begunAt: undefined,
      corrections: new Set(),
      records: 1 + own.union(sent).values().at(-1)!,
      stored: own.size,
      refused: sent.difference(own),
      digests: undefined,
    };
  }

  #with(...states: RowState[]): FoundRow[] {
    return this.#rows.filter(({ state }) => states.includes(state));
  }

  #byDelivery(state: RowState): [SentDelivery, FoundRow[]][] {
    return [...Map.groupBy(this.#with(state), ({ place: [id] }) => id)]
      .flatMap(([id, rows]) => {
        const delivery = this.#folder.withId(id);
        return delivery ? [[delivery, rows]] : [];
      });
  }
}

export function indexesOf(rows: readonly FoundRow[]): IndexSet {
  return IndexSet.of(rows.map(({ index }) => index));
}
