// What the central knows about its store without reading it: which bets are
// stored or under way, and which of them win.

import type { Batch } from "../bet/bet.ts";
import { countIndexes } from "./format/commit_mark.ts";
import type { StoredBatch } from "./format/stored_batch.ts";
import { type IndexRange, IndexRanges } from "./index_ranges.ts";

export type FileKey = Pick<Batch, "agency" | "fingerprint">;

/** The bets of a file that are under way; void once a commit fails. */
interface Claims {
  readonly ranges: IndexRanges;
  /** Number of the log's failures when they were appended. */
  readonly failures: number;
  commits: number;
  /** The latest commit. */
  last: Promise<void>;
}

interface FileState {
  readonly stored: IndexRanges;
  count: number;
  claims: Claims | undefined;
}

export interface NewBets {
  /** Bets that are neither stored nor under way. */
  ranges: IndexRange[];
  /** The commit of the others, if they are under way. */
  commit: Promise<void> | undefined;
}

/** Built when the store is read at the start, and updated with every commit. */
export class StoreIndex {
  /** Only files with something stored or under way. */
  readonly #files = new Map<string, FileState>();
  readonly #winners = new Map<number, string[]>();
  readonly #agencyBets = new Map<number, number>();
  #bets = 0;
  #batches = 0;
  #commits = 0;

  get bets(): number {
    return this.#bets;
  }

  /** Number of bets stored of each agency, by its id. */
  get agencyBets(): ReadonlyMap<number, number> {
    return this.#agencyBets;
  }

  get batches(): number {
    return this.#batches;
  }

  get commits(): number {
    return this.#commits;
  }

  /**
   * Adds a batch read from the file. Returns what is wrong with it, if
   * anything.
   */
  addStored(batch: StoredBatch): string | undefined {
    const { ranges } = batch;
    const count = countIndexes(ranges);
    if (countIndexes(this.missing(batch, ranges)) < count) {
      return `some of its ${count} bets from index ${
        ranges[0]!.start
      } on are stored before`;
    }
    this.#add(batch, ranges, batch.winners);
    this.#batches++;
    return undefined;
  }

  missing(key: FileKey, ranges: readonly IndexRange[]): IndexRange[] {
    const state = this.#files.get(nameOf(key));
    if (!state) return [...ranges];
    return ranges.flatMap(({ start, end }) => state.stored.missing(start, end));
  }

  /**
   * Separates bets under way from others, none of which are stored. `failures`
   * is the log's number of failures so far.
   */
  unclaimed(
    key: FileKey,
    missing: readonly IndexRange[],
    failures: number,
  ): NewBets {
    const claims = this.#files.get(nameOf(key))?.claims;
    if (claims?.failures !== failures) {
      return { ranges: [...missing], commit: undefined };
    }
    const ranges = missing.flatMap(({ start, end }) =>
      claims.ranges.missing(start, end)
    );
    return { ranges, commit: claims.last };
  }

  /**
   * Adds bets once their commit succeeds; until then they are under way.
   * `winners` has the documents of the winning bets, in order. Throws what the
   * commit throws.
   */
  async addCommitted(
    key: FileKey,
    ranges: readonly IndexRange[],
    { commit, failures, winners }: {
      commit: Promise<void>;
      failures: number;
      winners: readonly string[];
    },
  ): Promise<void> {
    const state = this.#stateOf(key);
    const claims = claim(state, ranges, commit, failures);
    this.#commits++;
    try {
      await commit;
      this.#add(key, ranges, winners);
    } finally {
      this.#commits--;
      claims.commits--;
      if (claims.commits === 0 && state.claims === claims) {
        state.claims = undefined;
      }
      // A refused file must leave no trace, or refusals would fill the memory.
      const isEmpty = state.count === 0 && !state.claims;
      if (isEmpty && this.#files.get(nameOf(key)) === state) {
        this.#files.delete(nameOf(key));
      }
    }
  }

  countStored(key: FileKey): number {
    return this.#files.get(nameOf(key))?.count ?? 0;
  }

  /** The documents of an agency's winners, in the order stored. */
  winners(agency: number): readonly string[] {
    return this.#winners.get(agency) ?? [];
  }

  #add(
    key: FileKey,
    ranges: readonly IndexRange[],
    winners: readonly string[],
  ): void {
    const state = this.#stateOf(key);
    const count = countIndexes(ranges);
    for (const { start, end } of ranges) state.stored.add(start, end);
    state.count += count;
    this.#bets += count;
    const { agency } = key;
    this.#agencyBets.set(agency, (this.#agencyBets.get(agency) ?? 0) + count);
    if (winners.length === 0) return;
    const earlier = this.#winners.get(agency);
    if (earlier) earlier.push(...winners);
    else this.#winners.set(agency, [...winners]);
  }

  #stateOf(key: FileKey): FileState {
    const name = nameOf(key);
    let state = this.#files.get(name);
    if (!state) {
      state = { stored: new IndexRanges(), count: 0, claims: undefined };
      this.#files.set(name, state);
    }
    return state;
  }
}

function claim(
  state: FileState,
  ranges: readonly IndexRange[],
  commit: Promise<void>,
  failures: number,
): Claims {
  if (state.claims?.failures !== failures) state.claims = undefined;
  const claims = state.claims ??= {
    ranges: new IndexRanges(),
    failures,
    commits: 0,
    last: commit,
  };
  claims.last = commit;
  claims.commits++;
  for (const { start, end } of ranges) claims.ranges.add(start, end);
  return claims;
}

function nameOf({ agency, fingerprint }: FileKey): string {
  return `${agency}:${fingerprint}`;
}
