// The entries that wait for a commit, in groups that share one.

import type { StorageError } from "./errors.ts";
import { CRC_DIGITS, type LogEnd } from "./format/seal.ts";
import type { BatchWriter } from "./store.ts";

/** Largest write. A crash can tear only the last one: a torn tail is not longer. */
export const MAX_WRITE_BYTES: number = 1 << 20;
/** Room for the rows of any batch of 8 kB. */
const ENTRY_ROOM = 1 << 16;
/** With this many entries a commit starts without waiting for more. */
const ENOUGH_ENTRIES = 16;
/**
 * Wait for more entries before a commit. Deno makes it about 2 ms; it is up to
 * twice as long if the timer was started for an earlier commit.
 */
const GATHER_TIME_MS = 1;

/** The outcome of one write and one fdatasync, which several entries share. */
export class Commit {
  readonly #settled = Promise.withResolvers<void>();
  #hasFailed = false;

  /** Resolves once all entries are committed; rejects if none is. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Set at once, while `settled` rejects only in the next microtask. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  succeed(): void {
    this.#settled.resolve();
  }

  fail(error: StorageError): void {
    this.#hasFailed = true;
    this.#settled.reject(error);
  }
}

/** The latest commit of each connection that has sent bets and is still open. */
export class LatestCommits extends Map<BatchWriter, Commit> {
  /**
   * True if each connection waits for just one entry of this group: then none
   * sends more before its reply.
   */
  areIn({ commit, entries }: CommitGroup): boolean {
    if (entries !== this.size) return false;
    for (const latest of this.values()) if (latest !== commit) return false;
    return true;
  }
}

/** The entries of one commit. */
export class CommitGroup {
  readonly commit: Commit = new Commit();
  readonly start: number;
  /** Bytes after {@linkcode length} are undefined. */
  buffer: Uint8Array<ArrayBuffer>;
  length = 0;
  entries = 0;

  constructor(start: number, buffer: Uint8Array<ArrayBuffer>) {
    this.start = start;
    this.buffer = buffer;
  }

  get bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  /** Whether another batch may not fit. */
  get isFull(): boolean {
    return this.length > MAX_WRITE_BYTES - ENTRY_ROOM;
  }

  get end(): LogEnd {
    const crc = this.bytes.subarray(-1 - CRC_DIGITS, -1);
    return {
      size: this.start + this.length,
      write: this.start,
      crc: parseInt(String.fromCharCode(...crc), 16),
    };
  }

  add(entry: Uint8Array): void {
    const length = this.length + entry.length;
    if (length > this.buffer.length) {
      const larger = new Uint8Array(length);
      larger.set(this.bytes);
      this.buffer = larger;
    }
    this.buffer.set(entry, this.length);
    this.length = length;
    this.entries++;
  }

  fail(error: StorageError): void {
    // Nobody handles the rejection of a group without entries.
    if (this.entries > 0) this.commit.fail(error);
  }
}

export class CommitQueue {
  /** Groups in the order of their commits. The last one collects entries. */
  #groups: CommitGroup[] = [];
  /** A free buffer for the next group. */
  #spare: Uint8Array<ArrayBuffer> | undefined;
  #gathering: { wanted: number; end: () => void } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `start` is the byte offset in the file of the first group. */
  constructor(start: number) {
    this.#addGroup(start);
  }

  /** Byte offset of the start of the group that the next entry will be in. */
  get start(): number {
    return this.#groups.at(-1)!.start;
  }

  get isEmpty(): boolean {
    return this.#groups[0]!.entries === 0;
  }

  /** Copies an entry. Returns its group's commit. */
  add(entry: Uint8Array): Commit {
    const group = this.#groups.at(-1)!;
    group.add(entry);
    if (group.entries === this.#gathering?.wanted) this.#gathering.end();
    if (group.isFull) this.#addGroup(group.start + group.length);
    return group.commit;
  }

  /**
   * Removes the oldest group. There is always one left that collects entries.
   */
  take(): CommitGroup {
    const group = this.#groups.shift()!;
    if (this.#groups.length === 0) this.#addGroup(group.start + group.length);
    return group;
  }

  /** Takes the buffer of a group whose commit has ended. */
  reuse({ buffer }: CommitGroup): void {
    if (buffer.length === MAX_WRITE_BYTES) this.#spare = buffer;
  }

  /** Removes all groups. The next entry will be in one at `start`. */
  clear(start: number): CommitGroup[] {
    const groups = this.#groups;
    this.#groups = [];
    this.#addGroup(start);
    return groups;
  }

  /**
   * Waits briefly for the agencies that were just answered: one flush for all
   * of them costs hardly more than one for half of them.
   */
  async gather(answered: number): Promise<void> {
    const waiting = this.#groups[0]!.entries;
    const wanted = Math.min(waiting + answered, ENOUGH_ENTRIES);
    if (waiting >= wanted) return;
    await new Promise<void>((end) => {
      this.#gathering = { wanted, end };
      if (this.#timer === undefined) this.#startTimer();
    });
    this.#gathering = undefined;
  }

  /** Stops what {@linkcode gather} left behind, when no commit follows. */
  stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Ends the wait. If another one is in progress by then, starts again for it:
   * a timer for each commit would take 5 % of the central's time.
   */
  #startTimer(): void {
    const gathering = this.#gathering;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#gathering === gathering) gathering?.end();
      else if (this.#gathering) this.#startTimer();
    }, GATHER_TIME_MS);
  }

  #addGroup(start: number): void {
    const buffer = this.#spare ?? new Uint8Array(MAX_WRITE_BYTES);
    this.#spare = undefined;
    this.#groups.push(new CommitGroup(start, buffer));
  }
}
