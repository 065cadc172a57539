// An append-only file with group commit (docs/storage.md): entries that arrive
// while one fdatasync runs share the next.

import { assertInvariant, messageOf } from "../program/errors.ts";
import {
  type Commit,
  type CommitGroup,
  CommitQueue,
  type LatestCommits,
} from "./commit_queue.ts";
import { StorageError } from "./errors.ts";
import type { LogEnd } from "./format/seal.ts";
import type { Repair } from "./recovery/repair.ts";
import type { StoreFile } from "./held_file.ts";
import type { StoreIndex } from "./store_index.ts";

export interface AppendLogOptions {
  /** Whether an entry must be on disk to count as committed. */
  fsync: boolean;
  /** The repair of the file; if not done, retried before a write. */
  repair: Omit<Repair, "tryRun" | "tornFile">;
  /**
   * Called before the first write, and again before the next one if it fails.
   */
  onFirstWrite?: () => Promise<void>;
  /** What the entries contain. Changed before any later entry is accepted. */
  index?: Pick<StoreIndex, "commit" | "drop">;
  /** If all are in one commit, this thread waits for the disk itself. */
  latest?: LatestCommits;
  /** Called if another program has changed or removed the file. */
  onLost?: (error: StorageError) => void;
  /** Called after each commit. */
  onCommit?: ((entries: number, seconds: number) => void) | undefined;
}

/** Appends entries durably and in order, each one completely or not at all. */
export class AppendLog {
  readonly #file: StoreFile;
  readonly #options: AppendLogOptions;
  readonly #waiting: CommitQueue;
  #isReady = false;
  #end: LogEnd;
  #commits: Promise<void> | undefined;
  /** Whether a commit is changing the size of the file. */
  #isCommitting = false;
  /** Bytes of the group under way that the file has taken. */
  #written = 0;
  #lastFailure: string | undefined;
  #refusal: StorageError | undefined;
  #hasGivenUp = false;

  /** `file` is opened for appending; everything before `end` is committed. */
  constructor(file: StoreFile, end: LogEnd, options: AppendLogOptions) {
    this.#file = file;
    this.#end = end;
    this.#options = options;
    this.#waiting = new CommitQueue(end.size);
    this.#lastFailure = options.repair.problem;
  }

  get end(): LogEnd {
    return this.#end;
  }

  /** Byte offset of the start of the write that the next entry will be in. */
  get writeStart(): number {
    return this.#waiting.start;
  }

  /** Reports why entries will be refused, until one is committed. */
  reportProblem(problem: string): void {
    this.#lastFailure ??= problem;
  }

  /** Why entries are refused, or `undefined` if they are accepted. */
  get problem(): string | undefined {
    return this.#refusal?.message ?? this.#lastFailure;
  }

  /** Whether the file ends where the committed entries do. */
  get isWhole(): boolean {
    return !this.#hasGivenUp && this.#lastFailure === undefined;
  }

  /**
   * Appends an entry, sealed for {@linkcode writeStart}, and copies it before
   * returning. A failed commit refuses all uncommitted entries, before any
   * later entry is accepted. Throws a `StorageError` if no more entries are
   * accepted.
   */
  append(entry: Uint8Array): Commit {
    this.throwIfEnded();
    const commit = this.#waiting.add(entry);
    this.#commits ??= this.#commitGroups();
    return commit;
  }

  /** Whether no more entries are accepted until the next start. */
  get hasEnded(): boolean {
    return this.#refusal !== undefined;
  }

  /** Throws a `StorageError` with the reason if no entries are accepted. */
  throwIfEnded(): void {
    if (this.#refusal) throw this.#refusal;
  }

  /**
   * Waits until every entry so far is committed or has failed. Throws a
   * `StorageError` if no more entries are accepted: the next start may find
   * entries that were refused.
   */
  async whenIdle(): Promise<void> {
    await this.#commits;
    this.throwIfEnded();
  }

  /**
   * If another program has changed or removed the file, its content is no longer
   * ours to change: nothing more is accepted. Returns why.
   */
  checkFile(): StorageError | undefined {
    // A failed commit may have left the size changed.
    const isSizeKnown = !this.#isCommitting && !this.#refusal;
    const size = this.#end.size + this.#options.repair.tornBytes;
    const loss = this.#file.findLoss(isSizeKnown ? size : undefined);
    if (loss === undefined) return undefined;
    this.#lose(loss);
    return this.#refusal;
  }

  /**
   * Checks that entries found in the file are ours, and durable. Throws a
   * `StorageError` if not.
   */
  async confirmStored(): Promise<void> {
    const loss = this.checkFile();
    if (loss) throw loss;
    await this.#options.repair.flush();
  }

  /** Commits the waiting entries. Then no more are accepted. */
  async close(): Promise<void> {
    this.#refusal ??= new StorageError("Cannot store: the store is closed");
    await this.#commits;
  }

  async #commitGroups(): Promise<void> {
    // Entries from the same turn of the event loop join the first group.
    await Promise.resolve();
    while (!this.#waiting.isEmpty) {
      const group = this.#waiting.take();
      this.#isCommitting = true;
      await this.#commit(group);
      this.#isCommitting = false;
      this.#waiting.reuse(group);
      if (this.#options.fsync) await this.#waiting.gather(group.entries);
    }
    this.#commits = undefined;
    this.#waiting.stopTimer();
  }

  async #commit(group: CommitGroup): Promise<void> {
    const { bytes } = group;
    const { fsync, repair, index, latest } = this.#options;
    const startedAt = performance.now();
    try {
      if (!repair.isDone) await repair.run();
      if (!this.#isReady) await this.#options.onFirstWrite?.();
      this.#isReady = true;
      await this.#writeAll(bytes);
    } catch (cause) {
      this.#lastFailure = `Cannot write to the store: ${messageOf(cause)}`;
      this.#refuse(new StorageError(this.#lastFailure, { cause }), group);
      await this.#cutBack();
      return;
    }
    try {
      if (fsync) await this.#file.syncData(latest?.areIn(group));
    } catch (cause) {
      // After a failed fdatasync the page cache cannot be trusted: pages that
      // it reports as written may never reach the disk.
      this.#giveUp("Cannot flush the store to disk", cause, group);
      // Otherwise the next start would find the entries that were refused.
      await this.#cutBack();
      return;
    }
    assertInvariant(
      group.length === bytes.length,
      `a commit of ${bytes.length} bytes does not grow while it is written`,
    );
    const loss = this.#file.findLoss(group.start + bytes.length);
    if (loss !== undefined) return this.#lose(loss, group);
    this.#end = group.end;
    this.#lastFailure = undefined;
    index?.commit(group.entries);
    group.commit.succeed();
    const seconds = (performance.now() - startedAt) / 1000;
    this.#options.onCommit?.(group.entries, seconds);
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    this.#written = 0;
    while (this.#written < bytes.length) {
      const written = await this.#file.write(bytes.subarray(this.#written));
      if (written === 0) throw new Error("the file took no bytes");
      this.#written += written;
    }
  }

  /** Cuts off what a failed commit has written, if the file is still ours. */
  async #cutBack(): Promise<void> {
    // A torn tail is cut off only after it was copied.
    if (!this.#isReady) return;
    const loss = this.#file.findLoss(this.#end.size + this.#written);
    if (loss !== undefined) return this.#lose(loss);
    try {
      await this.#file.truncate(this.#end.size);
    } catch (cause) {
      this.#giveUp("Cannot cut back the store", cause);
    }
  }

  #lose(loss: string, group?: CommitGroup): void {
    this.#giveUp("Cannot trust the store", new Error(loss), group);
    this.#options.onLost?.(this.#refusal!);
  }

  /** Fails the group, all waiting ones, and every entry from now on. */
  #giveUp(what: string, cause: unknown, group?: CommitGroup): void {
    this.#hasGivenUp = true;
    const problem = `${what}: ${messageOf(cause)}`;
    this.#refusal ??= new StorageError(
      `${problem}; restart the central to accept bets again`,
      { cause },
    );
    this.#refuse(new StorageError(problem, { cause }), group);
  }

  /**
   * Fails the group and all waiting ones: a later entry must not be stored if
   * an earlier one was not.
   */
  #refuse(error: StorageError, group?: CommitGroup): void {
    this.#options.index?.drop();
    group?.fail(error);
    for (const later of this.#waiting.clear(this.#end.size)) later.fail(error);
  }
}
