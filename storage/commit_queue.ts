// The entries that wait for a commit, in groups that share one.

import { type Commit, CommitGroup, WRITE_BYTES } from "./commit_group.ts";

/** With this many entries a commit starts without waiting for more. */
const ENOUGH_ENTRIES = 16;
/**
 * Wait for more entries before a commit. Deno makes it about 2 ms; it is up to
 * twice as long if the timer was started for an earlier commit.
 */
const GATHER_TIME_MS = 1;

export class CommitQueue {
  /** Groups in the order of their commits. The last one collects entries. */
  #groups: CommitGroup[];
  /** A free buffer for the next group. */
  #spare: Uint8Array<ArrayBuffer> | undefined;
  #gathering: { wanted: number; end: () => void } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `start` is the byte offset in the file of the first group. */
  constructor(start: number) {
    this.#groups = [this.#emptyGroup(start)];
  }

  /** Byte offset of the start of the group that the next entry will be in. */
  get start(): number {
    return this.#groups.at(-1)!.start;
  }

  get isEmpty(): boolean {
    return this.#groups[0]!.entries === 0;
  }

  /** Copies an entry. Returns its commit, which all entries of a group share. */
  add(entry: Uint8Array): Commit {
    const group = this.#groups.at(-1)!;
    group.add(entry);
    if (group.entries === this.#gathering?.wanted) this.#gathering.end();
    if (group.isFull) this.#addGroupAfter(group);
    return group;
  }

  /**
   * Removes the oldest group. There is always one left that collects entries.
   */
  take(): CommitGroup {
    const group = this.#groups.shift()!;
    if (this.#groups.length === 0) this.#addGroupAfter(group);
    return group;
  }

  /** Takes the buffer of a group whose commit has ended. */
  reuse({ buffer }: CommitGroup): void {
    if (buffer.length === WRITE_BYTES) this.#spare = buffer;
  }

  /** Removes all groups. The next entry will be in one at `start`. */
  clear(start: number): CommitGroup[] {
    const groups = this.#groups;
    this.#groups = [this.#emptyGroup(start)];
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

  #addGroupAfter({ start, length }: CommitGroup): void {
    this.#groups.push(this.#emptyGroup(start + length));
  }

  #emptyGroup(start: number): CommitGroup {
    const buffer = this.#spare ?? new Uint8Array(WRITE_BYTES);
    this.#spare = undefined;
    return new CommitGroup(start, buffer);
  }
}
