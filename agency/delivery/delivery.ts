// A file's delivery, and its entry before, during and after sending.

import type { DeliveredFile } from "../delivered_file.ts";
import { everyRecord } from "../every_record.ts";
import { fullPathOf } from "../output/output_file.ts";
import type { BatchLoader } from "../outgoing_batch.ts";
import type { RejectedCopy } from "../output/rejected_file.ts";
import { IndexSet } from "../index_set.ts";
import {
  DigestWriter,
  recordsPerDigest,
  sampleRows,
} from "../source/record_digests.ts";
import { refusedRowKey } from "./row_keys.ts";
import type { RowsOfOthers } from "./rows_of_others.ts";
import { expectRelatives, movedTo } from "./moved_rows.ts";
import { openRows, type SentDelivery } from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

/** Files up to this size are always digested: that takes milliseconds. */
const DIGESTED_BYTES = 1 << 18;

/** What a run has come to, once all its batches are answered. */
export interface RunResult extends Pick<BatchLoader, "records" | "end"> {
  /** Bet indexes that the run has not stored. */
  refused: IndexSet;
  /**
   * Bets that the central is known to have lacked: it replied that they are new,
   * or refused them after the draw. After a lost reply this is not known.
   */
  lacked: number;
  /** Whether the agency finishes without the refused rows. */
  isGivenUp: boolean;
}

export class Delivery {
  readonly #folder: SentFolder;
  readonly #file: DeliveredFile;
  readonly #found: SentDelivery | undefined;
  #entry: SentDelivery;
  #isBegun = false;
  /** Bet indexes of rows that earlier runs have not stored. */
  readonly refusedBefore: IndexSet;
  readonly others: RowsOfOthers;

  constructor(
    folder: SentFolder,
    file: DeliveredFile,
    { found, entry, others }: {
      /** The entry of earlier runs, if there is one. */
      found?: SentDelivery | undefined;
      /** The entry to keep once the delivery is complete. */
      entry: SentDelivery;
      others: RowsOfOthers;
    },
  ) {
    this.#folder = folder;
    this.#file = file;
    this.#found = found;
    this.others = others;
    this.#entry = entry;
    this.refusedBefore = openRows(entry);
  }

  /** The fingerprint under which the bets are stored: the identity. */
  get id(): string {
    return this.#entry.id;
  }

  get path(): string | undefined {
    return this.#entry.path;
  }

  /** When an earlier run sent it to its end, if known. */
  get sentBefore(): string | undefined {
    return this.#entry.isComplete ? this.#entry.at : undefined;
  }

  /** Whether an earlier run has sent at least a part of it. */
  get isKnown(): boolean {
    return this.#found !== undefined;
  }

  /** Records, before the first batch, that the delivery is under way. */
  async begin(): Promise<void> {
    if (this.#isBegun) return;
    this.#isBegun = true;
    this.#entry = this.others.addTo(this.#entry);
    const { id, content, path, moved, keys, isCopy, isUnended } = this.#entry;
    // Keeps the data of earlier runs: a correction is recognized by it.
    const known = this.#found ?? {
      ...this.#entry,
      // The rows of a copy are recognized by their keys.
      sample: isCopy ? undefined : await sampleRows(this.#file.source),
    };
    const { brought } = this.others;
    const isCorrection = known.content !== content || brought.length > 0;
    const own = new Set(isCorrection ? [content] : []);
    // Before its own entry: if the agency is killed in between, a file that has
    // these rows, too, is recognized.
    this.others.take(this.#entry);
    this.#folder.update({
      ...known,
      path,
      moved,
      keys,
      isUnended,
      corrections: known.corrections.union(own),
      begunAt: this.#hasOwnRows() ? new Date().toISOString() : undefined,
    }, { isNeeded: isCorrection });
    if (path !== undefined) await this.#folder.link(path, id);
  }

  /** False for a copy whose rows are all sent with other identities. */
  #hasOwnRows(): boolean {
    const { id, isCopy, isComplete } = this.#entry;
    return !isCopy || isComplete ||
      movedTo(id, this.#folder.everRefused()).size > 0;
  }

  /**
   * Records a run's end. Returns the missing rows: refused and not stored.
   *
   * | sent before         | this run refused        | missing       | content to keep |
   * | ------------------- | ----------------------- | ------------- | --------------- |
   * | never to its end    | any                     | all refused   | this run's      |
   * | to another store    | any                     | all refused   | this run's      |
   * | to its end          | only missing rows       | all refused   | this run's      |
   * | to its end          | rows that are stored    | still missing | the one before  |
   *
   * The last is an old version, or a batch of which all rows are refused.
   */
  async end(run: RunResult): Promise<IndexSet> {
    const { refused, lacked } = run;
    const { isComplete, content } = this.#entry;
    const corrected = this.refusedBefore.difference(refused);
    // It lacked bets that an earlier run has stored.
    const isOtherStore = isComplete && lacked > corrected.size;
    if (isOtherStore) this.expectRelatives();
    const missing = isComplete && !isOtherStore
      ? refused.intersection(this.refusedBefore)
      : refused;
    this.others.confirm(refused, content);
    const entry = missing.size === refused.size
      ? await this.#completed(run)
      : this.#kept(corrected);
    const isGivenUp = run.isGivenUp || undefined;
    const lost = isOtherStore ? this.#entry.confirmed : new IndexSet();
    this.#end({ ...entry, isGivenUp }, lost);
    return missing;
  }

  /** Records that the central also lacks the deliveries connected to this one. */
  expectRelatives(): void {
    // Otherwise each delivery that is sent again would request the others again,
    // without end.
    if (!this.#found?.isLacking) expectRelatives(this.id, this.#folder);
  }

  /** Returns the rows that no other file has sent since this run began. */
  stillMissing(rows: IndexSet): IndexSet {
    const moved = this.#folder.withId(this.id)?.moved ?? {};
    const { elsewhere } = this.others;
    return IndexSet.of(
      rows.values().filter((index) =>
        moved[index] === undefined || elsewhere.has(index)
      ),
    );
  }

  /** The entry with this run's content. */
  async #completed(run: RunResult): Promise<SentDelivery> {
    const { end, records, refused } = run;
    const left = refused.union(this.others.elsewhere);
    return {
      ...this.#entry,
      ...await this.#digest(end, left),
      at: this.sentBefore ?? new Date().toISOString(),
      isComplete: true,
      records: end,
      stored: records - left.size,
      refused: left,
    };
  }

  /** The entry with its own content, and the rows that this run has stored. */
  #kept(corrected: IndexSet): SentDelivery {
    const { content } = this.#found!;
    const stored = corrected.difference(this.others.elsewhere);
    const confirmed = this.#entry.confirmed.union(stored);
    return { ...this.#entry, content, confirmed };
  }

  #end(entry: SentDelivery, lost: IndexSet): void {
    // Another file's run may have sent rows since this run began.
    const last = this.#folder.withId(entry.id) ?? entry;
    const moved = Object.entries({ ...last.moved, ...entry.moved })
      .filter(([index]) => entry.refused.has(Number(index)));
    const { refused } = entry;
    const confirmed = last.confirmed.union(entry.confirmed).difference(lost);
    const isWhole = openRows({ refused, confirmed }).size === 0;
    const own = new Set([this.#entry.content]);
    this.#entry = {
      ...entry,
      moved: Object.fromEntries(moved),
      keys: { ...last.keys, ...entry.keys },
      confirmed,
      corrections: isWhole ? new Set() : last.corrections.difference(own),
      begunAt: undefined,
      sample: undefined,
      isLacking: undefined,
    };
    this.#folder.update(this.#entry);
  }

  /** Records where the refused rows of a complete delivery are copied to. */
  async addCopy(
    { path, hash: rejected }: RejectedCopy,
    rows: IndexSet,
  ): Promise<void> {
    const fullPath = fullPathOf(path);
    // Another file's run may have sent rows since this run ended.
    const last = this.#folder.withId(this.id) ?? this.#entry;
    const copies = { ...last.copies, [fullPath]: rows.format() };
    this.#folder.update({ ...last, rejected, copies });
    await this.#folder.link(fullPath, this.id);
  }

  async #digest(
    records: number,
    refused: IndexSet,
  ): Promise<Partial<SentDelivery>> {
    const isLarge = this.#file.source.size > DIGESTED_BYTES;
    if (isLarge && refused.size === 0) return { digests: undefined };
    const writer = new DigestWriter(recordsPerDigest(records), refused);
    const keys: Record<number, string> = { ...this.#entry.keys };
    const { others: { elsewhere }, refusedBefore } = this;
    await everyRecord(this.#file, (reader, step) => {
      writer.add(reader, step);
      const { index } = reader;
      if (!refused.has(index) && !refusedBefore.has(index)) return;
      if (elsewhere.has(index) || keys[index] !== undefined) return;
      keys[index] = refusedRowKey(reader.bytes);
    });
    return { digests: writer.finish(), keys };
  }
}
