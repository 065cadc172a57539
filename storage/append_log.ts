/**
 * A file that is only appended to, with group commit (docs/storage.md): while
 * one fdatasync runs, the entries that arrive are gathered and go in the next.
 *
 * @module
 */

import { messageOf } from "../program/errors.ts";
import { RowBuffer } from "./row_buffer.ts";
import type { StoreFile } from "./store_file.ts";

/** Something was not stored; sending it again later may help. */
export class StorageError extends Error {
  /**
   * Creates the error.
   *
   * @param message What could not be done.
   * @param options The cause.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StorageError";
  }
}

/** Options of an {@linkcode AppendLog}. */
export interface AppendLogOptions {
  /** Whether to wait for the disk before an entry counts as committed. */
  fsync: boolean;
}

/** Entries that are worth a commit without a wait for more. */
const ENOUGH_ENTRIES = 16;
/** Milliseconds that a commit waits for more entries at most. */
const GATHER_TIME_MS = 1;

/** Called once, when the entry is on disk or is known not to be. */
export type OnSettled = (isCommitted: boolean) => void;

/** The entries of one write and one fdatasync. */
class Group {
  readonly rows: RowBuffer;
  readonly callbacks: OnSettled[] = [];
  readonly #committed = Promise.withResolvers<void>();

  constructor(rows: RowBuffer) {
    this.rows = rows;
  }

  get promise(): Promise<void> {
    return this.#committed.promise;
  }

  succeed(): void {
    for (const settle of this.callbacks) settle(true);
    this.#committed.resolve();
  }

  fail(error: StorageError): void {
    for (const settle of this.callbacks) settle(false);
    // A group without entries has nobody to tell.
    if (this.callbacks.length > 0) this.#committed.reject(error);
  }
}

/** Appends entries durably, each whole or not at all, in the order they came. */
export class AppendLog {
  readonly #file: StoreFile;
  readonly #fsync: boolean;
  #size: number;
  /** In the order in which they are committed; the last one collects. */
  readonly #waiting = [new Group(new RowBuffer())];
  /** For the next group, if it is needed before another is free. */
  #spare: RowBuffer | undefined;
  #commits: Promise<void> | undefined;
  /** The wait for more entries before the next commit, if there is one. */
  #gathering: { wanted: number; end: () => void } | undefined;
  /** Why nothing more is accepted, if so. */
  #end: StorageError | undefined;

  /**
   * Takes up a log where it was left.
   *
   * @param file The file, open for appending.
   * @param size Its bytes so far, all of them committed.
   * @param options Whether to wait for the disk.
   */
  constructor(file: StoreFile, size: number, options: AppendLogOptions) {
    this.#file = file;
    this.#size = size;
    this.#fsync = options.fsync;
  }

  /**
   * Appends an entry.
   *
   * @param write Adds the entry's rows; called at once.
   * @param settle Told how it ended, before the promise is.
   * @returns A promise shared by all entries of the same commit, rejected with
   * a {@linkcode StorageError} if nothing of them is stored.
   * @throws {StorageError} If nothing more is accepted.
   */
  append(
    write: (rows: RowBuffer) => unknown,
    settle: OnSettled,
  ): Promise<void> {
    this.throwIfEnded();
    const group = this.#waiting.at(-1)!;
    write(group.rows);
    const entries = group.callbacks.push(settle);
    if (entries === this.#gathering?.wanted) this.#gathering.end();
    if (group.rows.isFull) this.#waiting.push(this.#emptyGroup());
    this.#commits ??= this.#commitGroups();
    return group.promise;
  }

  /**
   * Says whether entries are accepted.
   *
   * @throws {StorageError} If none is, and why.
   */
  throwIfEnded(): void {
    if (this.#end) throw this.#end;
  }

  /**
   * Waits until every entry so far is committed or refused.
   *
   * @throws {StorageError} If nothing more is accepted: the next start may find
   * in the file what was refused.
   */
  async whenIdle(): Promise<void> {
    await this.#commits;
    this.throwIfEnded();
  }

  /** Commits what waits; then nothing more is accepted. */
  async close(): Promise<void> {
    this.#end ??= new StorageError("Cannot store: the store is closed");
    await this.#commits;
  }

  async #commitGroups(): Promise<void> {
    // One turn, so that whatever else was read together is in the first group.
    await Promise.resolve();
    while (this.#waiting[0]!.callbacks.length > 0) {
      const group = this.#nextGroup();
      await this.#commit(group);
      this.#spare = group.rows;
      await this.#gather(group.callbacks.length);
    }
    this.#commits = undefined;
  }

  /**
   * Waits a moment for those who were just answered to be back with their next
   * entries: one flush for all of them costs hardly more than one for half.
   */
  async #gather(answered: number): Promise<void> {
    const waiting = this.#waiting[0]!.callbacks.length;
    const wanted = Math.min(waiting + answered, ENOUGH_ENTRIES);
    if (!this.#fsync || waiting >= wanted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, GATHER_TIME_MS);
    this.#gathering = { wanted, end: resolve };
    await promise;
    clearTimeout(timer);
    this.#gathering = undefined;
  }

  /** Takes the group that has waited longest; there is always one that collects. */
  #nextGroup(): Group {
    const group = this.#waiting.shift()!;
    if (this.#waiting.length === 0) this.#waiting.push(this.#emptyGroup());
    return group;
  }

  #emptyGroup(): Group {
    const rows = this.#spare ?? new RowBuffer();
    this.#spare = undefined;
    rows.clear();
    return new Group(rows);
  }

  async #commit(group: Group): Promise<void> {
    const { rows } = group.rows;
    try {
      await this.#writeAll(rows);
    } catch (cause) {
      await this.#undoWrite(group, cause);
      return;
    }
    try {
      if (this.#fsync) await this.#file.syncData();
    } catch (cause) {
      // The page cache cannot be trusted after a failed fdatasync: what it says
      // is written may never reach the disk.
      this.#giveUp("Cannot flush the store to disk", cause, group);
      // Else the next start would find there what was refused.
      await this.#cutBack();
      return;
    }
    this.#size += rows.length;
    group.succeed();
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const written = await this.#file.write(bytes.subarray(at));
      if (written === 0) throw new Error("the file took no bytes");
      at += written;
    }
  }

  /**
   * Refuses the group and all that waits behind it, because a later batch must
   * not be stored where an earlier one was not; then cuts the file back, before
   * anything else is written.
   */
  async #undoWrite(group: Group, cause: unknown): Promise<void> {
    refuse("Cannot write to the store", cause, group, ...this.#takeWaiting());
    await this.#cutBack();
  }

  /** Leaves in the file what is committed. */
  async #cutBack(): Promise<void> {
    try {
      await this.#file.truncate(this.#size);
    } catch (cause) {
      this.#giveUp("Cannot cut back the store", cause);
    }
  }

  /** Refuses these groups, all that waits, and all that ever comes. */
  #giveUp(what: string, cause: unknown, ...groups: Group[]): void {
    this.#end = new StorageError(
      `${what}: ${messageOf(cause)}; it takes no more until the next start`,
      { cause },
    );
    refuse(what, cause, ...groups, ...this.#takeWaiting());
  }

  #takeWaiting(): Group[] {
    return this.#waiting.splice(0, this.#waiting.length, this.#emptyGroup());
  }
}

function refuse(what: string, cause: unknown, ...groups: Group[]): void {
  const error = new StorageError(`${what}: ${messageOf(cause)}`, { cause });
  for (const group of groups) group.fail(error);
}
