/**
 * An append-only file with group commit (docs/storage.md): entries that arrive
 * while one fdatasync runs share the next.
 *
 * @module
 */

import { assertInvariant, messageOf } from "../program/errors.ts";
import { StorageError } from "./errors.ts";
import type { StoreFile } from "./store_file.ts";

/** Options of an {@linkcode AppendLog}. */
export interface AppendLogOptions {
  /** Whether an entry must be on disk to count as committed. */
  fsync: boolean;
  /**
   * Whether no connection can send anything until a commit of this many entries
   * is on disk. This thread may then wait for the disk itself.
   *
   * @default {() => false}
   */
  doAllWait?: (entries: number) => boolean;
  /**
   * Called after each commit with the number of its entries and the time that it
   * took, in seconds.
   *
   * @default {undefined}
   */
  onCommit?: OnCommit | undefined;
  /**
   * Called once if another program has changed or removed the file.
   *
   * @default {() => {}}
   */
  onLost?: (error: StorageError) => void;
}

/** Collects what is written in one commit. */
export interface EntryBuffer {
  /** The bytes so far: a view that is valid until the next change. */
  readonly rows: Uint8Array;
  /** Number of bytes so far. */
  readonly length: number;
  /** Whether there is enough for one commit. */
  readonly isFull: boolean;
  /**
   * Removes the last bytes.
   *
   * @param length Number of bytes to keep.
   */
  truncate(length: number): void;
  /** Empties the buffer. */
  clear(): void;
}

/** Called after each commit. */
export type OnCommit = (entries: number, seconds: number) => void;

/** Number of entries for which a commit starts without waiting for more. */
const ENOUGH_ENTRIES = 16;
/** Longest wait for more entries before a commit. Deno makes it about 2 ms. */
const GATHER_TIME_MS = 1;

/** Called once, when the entry is committed or has failed. */
export type OnSettled = (isCommitted: boolean) => void;

/** The entries of one write and one fdatasync. */
class Group<B extends EntryBuffer> {
  readonly rows: B;
  readonly callbacks: OnSettled[] = [];
  readonly #committed = Promise.withResolvers<void>();

  constructor(rows: B) {
    this.rows = rows;
  }

  get promise(): Promise<void> {
    return this.#committed.promise;
  }

  succeed(): void {
    for (const onSettled of this.callbacks) onSettled(true);
    this.#committed.resolve();
  }

  fail(error: StorageError): void {
    for (const onSettled of this.callbacks) onSettled(false);
    // Nobody waits for a group without entries.
    if (this.callbacks.length > 0) this.#committed.reject(error);
  }
}

/** Appends entries durably and in order, each one completely or not at all. */
export class AppendLog<B extends EntryBuffer> {
  readonly #file: StoreFile;
  readonly #fsync: boolean;
  readonly #doAllWait: (entries: number) => boolean;
  readonly #onLost: (error: StorageError) => void;
  readonly #onCommit: OnCommit | undefined;
  #size: number;
  readonly #createBuffer: () => B;
  /** Groups in the order of their commits. The last one collects entries. */
  readonly #waiting: Group<B>[];
  /** A free buffer for the next group. */
  #spare: B | undefined;
  #commits: Promise<void> | undefined;
  /** Whether a commit is changing the size of the file. */
  #isCommitting = false;
  /**
   * The wait for more entries before the next commit, if one is in progress.
   */
  #gathering: { wanted: number; end: () => void } | undefined;
  /** Why the last commit failed, if it did. */
  #lastFailure: string | undefined;
  /** The reason why no more entries are accepted, if so. */
  #end: StorageError | undefined;

  /**
   * Continues a log at its end.
   *
   * @param file The file, opened for appending.
   * @param size Size of the file in bytes, all of it committed.
   * @param createBuffer Creates an empty buffer for entries.
   * @param options The durability.
   */
  constructor(
    file: StoreFile,
    size: number,
    createBuffer: () => B,
    options: AppendLogOptions,
  ) {
    this.#file = file;
    this.#size = size;
    this.#createBuffer = createBuffer;
    this.#waiting = [new Group(createBuffer())];
    this.#fsync = options.fsync;
    this.#doAllWait = options.doAllWait ?? (() => false);
    this.#onLost = options.onLost ?? (() => {});
    this.#onCommit = options.onCommit;
  }

  /**
   * Appends an entry.
   *
   * @param write Adds the entry's rows; called immediately. If it throws,
   * nothing of the entry is kept.
   * @param onSettled Called when the entry is committed or has failed, before
   * the promise settles.
   * @returns A promise shared by all entries of a commit. Rejects with a
   * {@linkcode StorageError} if none of them is stored.
   * @throws {StorageError} If no more entries are accepted.
   */
  append(
    write: (rows: B) => unknown,
    onSettled: OnSettled,
  ): Promise<void> {
    this.throwIfEnded();
    const group = this.#waiting.at(-1)!;
    const { length } = group.rows;
    try {
      write(group.rows);
    } catch (error) {
      group.rows.truncate(length);
      throw error;
    }
    const entries = group.callbacks.push(onSettled);
    if (entries === this.#gathering?.wanted) this.#gathering.end();
    if (group.rows.isFull) this.#waiting.push(this.#emptyGroup());
    this.#commits ??= this.#commitGroups();
    return group.promise;
  }

  /** Size of what is committed, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Why entries are refused, or `undefined` if they are accepted. */
  get problem(): string | undefined {
    return this.#end?.message ?? this.#lastFailure;
  }

  /**
   * Checks that entries are accepted.
   *
   * @throws {StorageError} If they are not, with the reason.
   */
  throwIfEnded(): void {
    if (this.#end) throw this.#end;
  }

  /**
   * Waits until every entry so far is committed or has failed.
   *
   * @throws {StorageError} If no more entries are accepted: the next start may
   * find entries that were refused.
   */
  async whenIdle(): Promise<void> {
    await this.#commits;
    this.throwIfEnded();
  }

  /**
   * Checks that no other program has changed or removed the file. If one has, its
   * content is no longer ours to change: nothing more is accepted.
   *
   * @returns Why nothing is accepted, if the file is lost.
   */
  checkFile(): StorageError | undefined {
    // A commit that failed may have left the size changed.
    const isSizeKnown = !this.#isCommitting && !this.#end;
    const loss = this.#file.findLoss(isSizeKnown ? this.#size : undefined);
    if (loss === undefined) return undefined;
    this.#lose(loss);
    return this.#end;
  }

  /** Commits the waiting entries. Then no more are accepted. */
  async close(): Promise<void> {
    this.#end ??= new StorageError("Cannot store: the store is closed");
    await this.#commits;
  }

  async #commitGroups(): Promise<void> {
    // Entries from the same turn of the event loop join the first group.
    await Promise.resolve();
    while (this.#waiting[0]!.callbacks.length > 0) {
      const group = this.#nextGroup();
      this.#isCommitting = true;
      await this.#commit(group);
      this.#isCommitting = false;
      this.#spare = group.rows;
      await this.#gather(group.callbacks.length);
    }
    this.#commits = undefined;
  }

  /**
   * Waits briefly for the agencies that were just answered: one flush for all
   * of them costs hardly more than one for half of them.
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

  /**
   * Removes the oldest group. There is always one left that collects entries.
   */
  #nextGroup(): Group<B> {
    const group = this.#waiting.shift()!;
    if (this.#waiting.length === 0) this.#waiting.push(this.#emptyGroup());
    return group;
  }

  #emptyGroup(): Group<B> {
    const rows = this.#spare ?? this.#createBuffer();
    this.#spare = undefined;
    rows.clear();
    return new Group(rows);
  }

  async #commit(group: Group<B>): Promise<void> {
    const { rows } = group.rows;
    const startedAt = this.#onCommit ? performance.now() : 0;
    try {
      await this.#writeAll(rows);
    } catch (cause) {
      await this.#undoWrite(group, cause);
      return;
    }
    try {
      if (this.#fsync) {
        await this.#file.syncData(this.#doAllWait(group.callbacks.length));
      }
    } catch (cause) {
      // After a failed fdatasync the page cache cannot be trusted: pages that
      // it reports as written may never reach the disk.
      this.#giveUp("Cannot flush the store to disk", cause, group);
      // Otherwise the next start would find the entries that were refused.
      await this.#cutBack();
      return;
    }
    assertInvariant(
      group.rows.length === rows.length,
      `a commit of ${rows.length} bytes does not grow while it is written`,
    );
    const loss = this.#file.findLoss(this.#size + rows.length);
    if (loss !== undefined) {
      this.#lose(loss, group);
      return;
    }
    this.#size += rows.length;
    this.#lastFailure = undefined;
    group.succeed();
    if (!this.#onCommit) return;
    const seconds = (performance.now() - startedAt) / 1000;
    this.#onCommit(group.callbacks.length, seconds);
  }

  #lose(loss: string, ...groups: Group<B>[]): void {
    if (this.#end) return;
    this.#giveUp("Cannot trust the store", new Error(loss), ...groups);
    this.#onLost(this.#end!);
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const written = await this.#file.write(bytes.subarray(at));
      if (written === 0) throw new Error("the file took no bytes");
      at += written;
    }
  }

  /**
   * Fails the group and all later ones, because a later batch must not be stored
   * if an earlier one was not. Then truncates the file to its committed
   * size.
   */
  async #undoWrite(group: Group<B>, cause: unknown): Promise<void> {
    const what = "Cannot write to the store";
    this.#lastFailure = `${what}: ${messageOf(cause)}`;
    refuse(what, cause, group, ...this.#takeWaiting());
    await this.#cutBack();
  }

  /** Truncates the file to its committed size. */
  async #cutBack(): Promise<void> {
    try {
      await this.#file.truncate(this.#size);
    } catch (cause) {
      this.#giveUp("Cannot cut back the store", cause);
    }
  }

  /** Fails these groups, all waiting ones, and every entry from now on. */
  #giveUp(what: string, cause: unknown, ...groups: Group<B>[]): void {
    this.#end = new StorageError(
      `${what}: ${messageOf(cause)}; it takes no more until the next start`,
      { cause },
    );
    refuse(what, cause, ...groups, ...this.#takeWaiting());
  }

  #takeWaiting(): Group<B>[] {
    return this.#waiting.splice(0, this.#waiting.length, this.#emptyGroup());
  }
}

function refuse(
  what: string,
  cause: unknown,
  ...groups: Group<EntryBuffer>[]
): void {
  const error = new StorageError(`${what}: ${messageOf(cause)}`, { cause });
  for (const group of groups) group.fail(error);
}
