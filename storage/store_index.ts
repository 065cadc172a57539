// What the central knows about its store without reading it: which bets are
// stored or under way, and which of them win.

import type { Batch } from "../bet/bet.ts";
import type { Commit } from "./commit_queue.ts";
import type { StoredBatch } from "./format/stored_batch.ts";
import { countIndexes, type IndexRange, IndexRanges } from "./index_ranges.ts";

export type FileKey = Pick<Batch, "agency" | "fingerprint">;

/** The bets of a file. Only {@linkcode StoreIndex} changes them. */
export class FileBets {
  readonly name: string;
  readonly agency: number;
  readonly stored: IndexRanges = new IndexRanges();
  /**
   * Bets under way. Some of them may be stored by now, so only ask about bets
   * that are not.
   */
  claimed: IndexRanges = new IndexRanges();
  /** Number of bets stored. */
  count = 0;
  /** Number of batches under way. */
  claims = 0;
  /** The latest commit of bets under way, which includes all earlier ones. */
  lastCommit: Commit | undefined;

  constructor(name: string, agency: number) {
    this.name = name;
    this.agency = agency;
  }
}

export interface NewBets {
  ranges: readonly IndexRange[];
  /** The documents of the winning bets, in order. */
  winners: readonly string[];
}

/** Bets that wait for their commit. */
interface Claim {
  file: FileBets;
  bets: NewBets;
}

/** Built when the store is read at the start, and updated with every commit. */
export class StoreIndex {
  /** Only files with something stored or under way. */
  readonly #files = new Map<string, FileBets>();
  readonly #winners = new Map<number, string[]>();
  readonly #agencyBets = new Map<number, number>();
  #bets = 0;
  #batches = 0;
  /** In the order of their entries in the log. */
  readonly #claims: Claim[] = [];

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

  /** Number of batches that wait for their commit. */
  get underWay(): number {
    return this.#claims.length;
  }

  /**
   * Adds a batch read from the file. Returns what is wrong with it, if
   * anything.
   */
  addStored(batch: StoredBatch): string | undefined {
    const { ranges } = batch;
    const count = countIndexes(ranges);
    const file = this.fileOf(batch);
    if (countIndexes(file.stored.missing(ranges)) < count) {
      return `some of its ${count} bets from index ${
        ranges[0]!.start
      } on are stored before`;
    }
    this.#files.set(file.name, file);
    this.#add(file, batch);
    this.#batches++;
    return undefined;
  }

  /** A new file is only kept once something of it is stored or under way. */
  fileOf({ agency, fingerprint }: FileKey): FileBets {
    const name = `${agency}:${fingerprint}`;
    return this.#files.get(name) ?? new FileBets(name, agency);
  }

  /** Bets of a file are under way from now on, as the latest entry of the log. */
  claim(file: FileBets, bets: NewBets, commit: Commit): void {
    this.#files.set(file.name, file);
    file.claimed.add(bets.ranges);
    file.claims++;
    file.lastCommit = commit;
    this.#claims.push({ file, bets });
  }

  /** Adds the bets of the oldest entries: they are committed. */
  commit(entries: number): void {
    for (const { file, bets } of this.#claims.splice(0, entries)) {
      this.#add(file, bets);
      this.#endClaim(file);
    }
  }

  /** Forgets all bets under way: they are refused. */
  drop(): void {
    for (const { file } of this.#claims.splice(0)) {
      this.#endClaim(file);
      // A refused file must leave no trace, or refusals would fill the memory.
      if (file.count + file.claims === 0) this.#files.delete(file.name);
    }
  }

  #endClaim(file: FileBets): void {
    file.claims--;
    if (file.claims > 0) return;
    file.claimed = new IndexRanges();
    file.lastCommit = undefined;
  }

  /** The documents of an agency's winners, in the order stored. */
  winners(agency: number): readonly string[] {
    return this.#winners.get(agency) ?? [];
  }

  #add(file: FileBets, { ranges, winners }: NewBets): void {
    file.stored.add(ranges);
    const count = countIndexes(ranges);
    file.count += count;
    this.#bets += count;
    const { agency } = file;
    this.#agencyBets.set(agency, (this.#agencyBets.get(agency) ?? 0) + count);
    const earlier = this.#winners.get(agency);
    if (earlier) earlier.push(...winners);
    else this.#winners.set(agency, [...winners]);
  }
}
