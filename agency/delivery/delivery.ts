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
import { refusedRowKey } from "../source/row_keys.ts";
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
    const { others } = this;
    const { id, content, path, isCopy, isUnended } = this.#entry;
    // Keeps the data of earlier runs: a correction is recognized by it.
    const known = this.#found ?? {
      ...this.#entry,
      // The rows of a copy are recognized by their keys.
      sample: isCopy ? undefined : await sampleRows(this.#file.source),
    };
    const isCorrection = known.content !== content || others.brought.length > 0;
    // Without a correction, too: an earlier run may have refused whole batches.
    const mayStoreOpen = isCorrection || this.refusedBefore.size > 0;
    const own = new Set(mayStoreOpen ? [content] : []);
    // Each before what follows: if the agency is killed in between, a file is
    // still recognized by its path, or by rows that this one has, too.
    if (path !== undefined) await this.#folder.link(path, id);
    others.take(this.#entry);
    this.#folder.change(known, (last) => ({
      ...others.addTo(last),
      path,
      isUnended,
      corrections: last.corrections.union(own),
      begunAt: this.#hasOwnRows() ? new Date().toISOString() : undefined,
    }), { isNeeded: isCorrection });
    this.#entry = others.addTo(this.#entry);
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
    const sentAgain = this.refusedBefore.difference(this.others.leftOut);
    // It lacked bets that an earlier run has stored.
    const isOtherStore = isComplete &&
      lacked > sentAgain.difference(refused).size;
    if (isOtherStore) this.expectRelatives();
    this.others.confirm(refused, content);
    const lost = isOtherStore ? this.#entry.confirmed : new IndexSet();
    const completed = await this.#completed(run, lost);
    let missing = refused;
    this.#entry = this.#folder.change(this.#entry, (last) => {
      // Other runs may have stored rows, or sent the file, since this one began.
      if (last.isComplete && !isOtherStore) {
        missing = refused.intersection(openRows(last));
      }
      const entry = missing.size === refused.size
        ? completed(last)
        : this.#kept(last, refused);
      const isGivenUp = run.isGivenUp || undefined;
      return { ...ended(entry, content), isGivenUp };
    });
    return missing;
  }

  /** Records that the central also lacks the deliveries connected to this one. */
  expectRelatives(): void {
    // Otherwise each delivery that is sent again would request the others again,
    // without end.
    if (!this.#found?.isLacking) expectRelatives(this.id, this.#folder);
  }

  /** Returns the rows that no other run has sent since this one began. */
  stillMissing(rows: IndexSet): IndexSet {
    const { moved, confirmed } = this.#folder.withId(this.id) ?? this.#entry;
    const { elsewhere } = this.others;
    const isUnsent = (index: number) =>
      moved[index] === undefined || elsewhere.has(index);
    const before = this.#found?.confirmed ?? new IndexSet();
    return IndexSet.of(rows.values().filter(isUnsent))
      .difference(confirmed.difference(before));
  }

  /** How the entry changes to this run's content. */
  async #completed(
    { end, records, refused }: RunResult,
    lost: IndexSet,
  ): Promise<(last: SentDelivery) => SentDelivery> {
    const left = refused.union(this.others.elsewhere);
    const { digests, keys } = await this.#digest(end, left);
    return (last) => ({
      ...last,
      content: this.#entry.content,
      digests,
      keys: { ...keys, ...last.keys },
      at: last.isComplete ? last.at : new Date().toISOString(),
      isComplete: true,
      records: end,
      stored: records - left.size,
      refused: left,
      confirmed: last.confirmed.difference(lost),
    });
  }

  /** The entry with its own content, and the rows that this run has stored. */
  #kept(last: SentDelivery, refused: IndexSet): SentDelivery {
    const stored = openRows(last).difference(refused)
      .difference(this.others.elsewhere);
    return { ...last, confirmed: last.confirmed.union(stored) };
  }

  /** Records where the refused rows of a complete delivery are copied to. */
  async addCopy(
    { path, hash: rejected }: RejectedCopy,
    rows: IndexSet,
  ): Promise<void> {
    const fullPath = fullPathOf(path);
    this.#folder.change(this.#entry, (last) => ({
      ...last,
      rejected,
      copies: { ...last.copies, [fullPath]: rows.format() },
    }));
    await this.#folder.link(fullPath, this.id);
  }

  async #digest(end: number, left: IndexSet): Promise<Partial<SentDelivery>> {
    const isLarge = this.#file.source.size > DIGESTED_BYTES;
    if (isLarge && left.size === 0) return { digests: undefined };
    const writer = new DigestWriter(recordsPerDigest(end), left);
    const keys: Record<number, string> = { ...this.#entry.keys };
    const { others: { elsewhere }, refusedBefore } = this;
    await everyRecord(this.#file, (reader, step) => {
      writer.add(reader, step);
      const { index } = reader;
      if (!left.has(index) && !refusedBefore.has(index)) return;
      if (elsewhere.has(index) || keys[index] !== undefined) return;
      keys[index] = refusedRowKey(reader.bytes);
    });
    return { digests: writer.finish(), keys };
  }
}

/** The entry once a run with this content has ended. */
function ended(entry: SentDelivery, content: string): SentDelivery {
  const { refused, corrections } = entry;
  const moved = Object.entries(entry.moved)
    .filter(([index]) => refused.has(Number(index)));
  const isWhole = openRows(entry).size === 0;
  const own = new Set([content]);
  return {
    ...entry,
    moved: Object.fromEntries(moved),
    corrections: isWhole ? new Set() : corrections.difference(own),
    begunAt: undefined,
    sample: undefined,
    isLacking: undefined,
  };
}
