// Finds a file's rows that were refused before in another file. Each row is
// stored only once, in its file or in a copy, so the finder follows a refused
// row from file to file until the last one that sent it. A row in an unrelated
// file that looks like a refused one may be another bet: only the clerk knows.

import type { DeliveredFile } from "../delivered_file.ts";
import { everyRecord } from "../every_record.ts";
import type { IndexSet } from "../index_set.ts";
import {
  isUnreadable,
  isWhole,
  keysOf,
  numberAtEnd,
  numberIn,
  partsOf,
} from "../source/row_keys.ts";
import {
  type FoundRow,
  openRows,
  type RowIdentity,
  type RowState,
  type SentDelivery,
  stateOf,
} from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

/** If an entry could not be written, the moves may form a circle. */
const MAX_MOVES = 1000;

const RECENT_MS = 7 * 24 * 60 * 60 * 1000;

export class RowFinder {
  readonly #folder: SentFolder;
  readonly #deliveries = new Map<string, SentDelivery | undefined>();
  /** The refused rows, by each of their keys. */
  readonly #byKey = new Map<string, RowIdentity[]>();
  /** The numbers in the keys; has `undefined` if a key has no number. */
  readonly #numbers = new Set<number | undefined>();
  readonly #claimed = new Set<string>();

  /** Finds the refused rows of these deliveries. */
  constructor(folder: SentFolder, deliveries: readonly SentDelivery[]) {
    this.#folder = folder;
    for (const delivery of deliveries) {
      this.#deliveries.set(delivery.id, delivery);
      for (const [index, key] of Object.entries(delivery.keys)) {
        this.#addKey(key, [delivery.id, Number(index)]);
      }
    }
  }

  /** Also finds the rows by their corrected values in other files. */
  addCorrections(): void {
    for (const identity of [...this.#byKey.values()].flat()) {
      for (const key of this.keysOf(identity)) {
        // Other corrections are not needed: the row's first key finds it.
        if (isWhole(key)) this.#addKey(key, identity);
      }
    }
  }

  #addKey(key: string, identity: RowIdentity): void {
    if (!isUnreadable(key)) this.#numbers.add(numberIn(key));
    const identities = this.#byKey.get(key);
    if (!identities) this.#byKey.set(key, [identity]);
    else if (!identities.includes(identity)) identities.push(identity);
  }

  /**
   * Finds a row that may be a refused row of another file, whether that row is
   * still missing or stored by now. One that was stored over a week ago counts
   * only if the file has no other rows, because people bet the same number
   * again. Rows in `own` are already matched, and are skipped.
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
      const identity = this.#mayBeKnown(bytes)
        ? this.#pick(keysOf(bytes), isWhole)
        : undefined;
      if (!identity) {
        hasOthers = true;
        return false;
      }
      const state = this.stateOf(identity);
      const row = { index, line, identity, state, key: undefined };
      first ??= row;
      if (state === "missing" || this.#isRecent(identity)) doubtful = row;
      return doubtful !== undefined;
    });
    return doubtful ?? (hasOthers ? undefined : first);
  }

  /** Returns the identity under which a row was last sent. */
  follow(identity: RowIdentity): RowIdentity {
    return this.#moves(identity).at(-1)!;
  }

  /** The keys of a refused row and of its corrections in other files. */
  keysOf(identity: RowIdentity): string[] {
    return this.#moves(identity).flatMap(([id, index]) =>
      this.#get(id)?.keys[index] ?? []
    );
  }

  stateOf([id, index]: RowIdentity): RowState {
    const delivery = this.#get(id);
    return delivery ? stateOf(delivery, index) : "missing";
  }

  /** Excludes a refused row from later searches. */
  claim(identity: RowIdentity): void {
    this.#claimed.add(`${identity}`);
  }

  isClaimed(identity: RowIdentity): boolean {
    return this.#claimed.has(`${identity}`);
  }

  /** True if a refused row has one of these keys. */
  knows(keys: readonly string[]): boolean {
    return keys.some((key) => this.#byKey.has(key));
  }

  /** Any refused row that has the same document and number. */
  withBet(keys: readonly string[]): RowIdentity | undefined {
    return this.#pick(keys.filter(isWhole));
  }

  /**
   * The refused row with the same person and a matching document or number,
   * but only if there is exactly one.
   */
  withPerson(keys: readonly string[]): RowIdentity | undefined {
    const known = keys.filter((key) => !isWhole(key));
    // Two bets by the same person may share such a key.
    const identities = known.flatMap((key) => this.#latestWithKey(key));
    const isOne = new Set(identities.map(String)).size === 1;
    return isOne ? this.#pick(known) : undefined;
  }

  /** The unclaimed refused rows with a key. */
  withKey(key: string): RowIdentity[] {
    return this.#latestWithKey(key).filter((identity) =>
      !this.isClaimed(identity)
    );
  }

  /** The words in the keys of the unclaimed unreadable rows. */
  unreadableWords(): Set<string> {
    const unreadable = [...this.#byKey.keys()].filter((key) =>
      isUnreadable(key) && this.withKey(key).length > 0
    );
    return new Set(unreadable.flatMap(partsOf));
  }

  /** The unclaimed refused rows that are not stored anywhere. */
  open(): RowIdentity[] {
    const starts = [...this.#deliveries.values()].flatMap((one) =>
      one ? openRows(one).values().map((at): RowIdentity => [one.id, at]) : []
    );
    return starts.filter((start) => {
      const identity = this.follow(start);
      return this.stateOf(identity) === "missing" && !this.isClaimed(identity);
    });
  }

  /** The latest identities of the refused rows with a key. */
  #latestWithKey(key: string): RowIdentity[] {
    return (this.#byKey.get(key) ?? []).map((identity) =>
      this.follow(identity)
    );
  }

  /** A row's identities, from the refused one to the latest. */
  #moves(identity: RowIdentity): RowIdentity[] {
    const moves = [identity];
    while (moves.length <= MAX_MOVES) {
      const [id, index] = moves.at(-1)!;
      const next = this.#get(id)?.moved[index];
      if (!next || !this.#get(next[0])) break;
      moves.push(next);
    }
    return moves;
  }

  #isRecent([id]: RowIdentity): boolean {
    const at = this.#get(id)?.at ?? "";
    return Date.parse(at) > Date.now() - RECENT_MS;
  }

  #mayBeKnown(row: Uint8Array): boolean {
    return this.#numbers.has(undefined) || this.#numbers.has(numberAtEnd(row));
  }

  /**
   * Prefers a row that is missing: a file may have the same bet twice. A stored
   * row counts only if its key passes `isEnough`.
   */
  #pick(
    keys: readonly string[],
    isEnough: (key: string) => boolean = () => true,
  ): RowIdentity | undefined {
    let stored: RowIdentity | undefined;
    for (const key of keys) {
      for (const identity of this.withKey(key)) {
        if (this.stateOf(identity) === "missing") return identity;
        if (isEnough(key)) stored ??= identity;
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
