// A file's rows that were refused in other deliveries. The file sends the rows
// that are not stored yet and leaves out the others. A row that a run may have
// stored before it was cut off is sent with the identity that it had in that run,
// so that it is stored only once either way.

import { formatAction, getLogger } from "../../program/logging.ts";
import { IndexSet } from "../index_set.ts";
import { movedTo } from "./moved_rows.ts";
import {
  type FoundRow,
  nameOf,
  type RowIdentity,
  type RowState,
  type SentDelivery,
} from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

export class RowsOfOthers {
  readonly #folder: SentFolder;
  readonly #rows: readonly FoundRow[];
  /** Rows that are or may be stored in other deliveries. */
  readonly #stored: readonly FoundRow[];
  /** Rows that are not stored anywhere yet. */
  readonly brought: readonly FoundRow[];
  /** Bet indexes of `#stored`: rows not stored under this delivery's identity. */
  readonly elsewhere: IndexSet;
  /** Bet indexes of rows that are known to be stored, so they are not sent. */
  readonly leftOut: IndexSet;
  /** The identities of rows that may be stored, by bet index. */
  readonly identities: ReadonlyMap<number, RowIdentity>;

  constructor(folder: SentFolder, rows: readonly FoundRow[]) {
    this.#folder = folder;
    this.#rows = rows;
    this.brought = this.#with("missing");
    this.#stored = this.#with("stored", "unsure");
    this.elsewhere = indexesOf(this.#stored);
    this.leftOut = indexesOf(this.#with("stored"));
    this.identities = new Map(
      this.#with("unsure").map(({ index, identity }) => [index, identity]),
    );
  }

  /** A delivery that stores one of these rows, if there is one. */
  get storedIn(): SentDelivery | undefined {
    const [first] = this.#stored;
    return first && this.#folder.withId(first.identity[0]);
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

  /** Adds to a delivery's entry where its rows are stored, or their keys. */
  addTo(entry: SentDelivery): SentDelivery {
    const ids = this.#folder.ids();
    // Drops rows that a killed run was going to send, but has not.
    const moved: Record<number, RowIdentity> = Object.fromEntries(
      Object.entries(entry.moved).filter(([, [to]]) => ids.has(to)),
    );
    const keys: Record<number, string> = { ...entry.keys };
    for (const { index, identity } of this.#stored) moved[index] = identity;
    for (const { index, key } of this.brought) {
      delete moved[index];
      if (key !== undefined) keys[index] ??= key;
    }
    return { ...entry, moved, keys };
  }

  /** Records in the other deliveries that this one sends their rows. */
  take({ id, content }: Pick<SentDelivery, "id" | "content">): void {
    for (const [other] of this.#byDelivery("unsure")) {
      const add = (last: SentDelivery): SentDelivery => ({
        ...last,
        corrections: last.corrections.union(new Set([content])),
      });
      this.#folder.change(other, add, { isNeeded: true });
    }
    for (const [other, rows] of this.#byDelivery("missing")) {
      const move = (last: SentDelivery): SentDelivery => {
        const moved: Record<number, RowIdentity> = { ...last.moved };
        const keys: Record<number, string> = { ...last.keys };
        for (const { index, identity: [, from], key } of rows) {
          moved[from] = [id, index];
          if (key !== undefined) keys[from] ??= key;
        }
        return { ...last, moved, keys };
      };
      this.#folder.change(other, move, { isNeeded: true });
    }
  }

  /**
   * Records, once all but the refused rows are stored, which rows were stored
   * for other deliveries, and which copies that were cut off this completes.
   */
  confirm(refused: IndexSet, content: string): void {
    for (const [other, rows] of this.#byDelivery("unsure")) {
      const stored = IndexSet.of(
        rows.filter(({ index }) => !refused.has(index))
          .map(({ identity: [, at] }) => at),
      );
      this.#folder.change(other, (last) => {
        const confirmed = last.confirmed.union(stored);
        return {
          ...last,
          confirmed,
          corrections: last.corrections.difference(new Set([content])),
          ...this.#completed(last, confirmed),
        };
      });
    }
  }

  /**
   * The changes to the entry of a copy that was cut off, if all its rows are now
   * stored.
   */
  #completed(
    { id, isCopy, isComplete, moved }: SentDelivery,
    confirmed: IndexSet,
  ): Partial<SentDelivery> {
    if (!isCopy || isComplete) return {};
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
    return [...Map.groupBy(this.#with(state), ({ identity: [id] }) => id)]
      .flatMap(([id, rows]) => {
        const delivery = this.#folder.withId(id);
        return delivery ? [[delivery, rows]] : [];
      });
  }
}

export function indexesOf(rows: readonly FoundRow[]): IndexSet {
  return IndexSet.of(rows.map(({ index }) => index));
}
