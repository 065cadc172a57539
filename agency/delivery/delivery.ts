// A file's delivery, and its record before, during and after sending.

import type { DeliveredFile } from "../delivered_file.ts";
import { everyRecord } from "../every_record.ts";
import { fullPathOf } from "../output/output_file.ts";
import type { RejectedCopy } from "../output/rejected_file.ts";
import { IndexSet } from "../index_set.ts";
import {
  DigestWriter,
  recordsPerDigest,
  sampleRows,
} from "../source/record_digests.ts";
import { refusedRowKey } from "./row_keys.ts";
import type { RowsOfOthers } from "./rows_of_others.ts";
import { relativesOf } from "./moved_rows.ts";
import {
  keptRows,
  openRows,
  type RowIdentity,
  type SentDelivery,
} from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

/** Files up to this size are always digested: that takes milliseconds. */
const DIGESTED_BYTES = 1 << 18;

/** Counts of bets, by what the replies say. */
export interface BetCounts {
  stored: number;
  /** Bets that the central had before. */
  repeated: number;
  /**
   * Bets that the central is known to have lacked: its reply says that they are
   * new, or refuses them after the draw. After a lost reply this is not known.
   */
  lacked: number;
}

export class Delivery {
  readonly #folder: SentFolder;
  readonly #file: DeliveredFile;
  readonly #found: SentDelivery | undefined;
  #entry: SentDelivery;
  #isBegun = false;
  #movedAtStart: SentDelivery["moved"] = {};
  /** Bet indexes of rows that earlier runs have not stored. */
  readonly refusedBefore: IndexSet;
  readonly others: RowsOfOthers;

  constructor(
    folder: SentFolder,
    file: DeliveredFile,
    { found, entry, others }: {
      /** The record of earlier runs, if there is one. */
      found?: SentDelivery | undefined;
      /** The record to keep once the delivery is complete. */
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
    const moved: Record<number, RowIdentity> = { ...this.#entry.moved };
    const keys: Record<number, string> = { ...this.#entry.keys };
    const { stored, brought } = this.others;
    for (const { index, identity } of stored) moved[index] = identity;
    for (const { index, key } of brought) {
      delete moved[index];
      if (key !== undefined) keys[index] ??= key;
    }
    this.#entry = { ...this.#entry, moved, keys };
    this.#movedAtStart = moved;
    // Keeps the data of earlier runs: a correction is recognized by it.
    const known = this.#found ?? {
      ...this.#entry,
      // The rows of a copy are recognized by their keys.
      sample: this.#entry.isPart
        ? undefined
        : await sampleRows(this.#file.source),
    };
    const { id, content, path } = this.#entry;
    const isCorrection = known.content !== content || brought.length > 0;
    // Before its own record: if the agency is killed in between, a file that has
    // these rows, too, is recognized.
    this.others.take(this.#entry);
    this.#folder.update({
      ...known,
      path,
      moved,
      keys,
      corrections: isCorrection
        ? known.corrections.union(new Set([content]))
        : known.corrections,
      begunAt: new Date().toISOString(),
    });
    if (path !== undefined) await this.#folder.link(path, id);
  }

  /** Returns the refused rows that no earlier run has stored. */
  missing(refused: IndexSet): IndexSet {
    if (!this.#entry.isComplete) return refused;
    return refused.intersection(this.refusedBefore);
  }

  /**
   * True if the central now has another store: it lacked bets that an earlier
   * run has stored.
   */
  isLackedBy({ lacked }: BetCounts, refused: IndexSet): boolean {
    const corrected = this.refusedBefore.difference(refused);
    return this.#entry.isComplete && lacked > corrected.size;
  }

  /** Records that the central also lacks the deliveries connected to this one. */
  expectRelatives(): void {
    // Otherwise each delivery that is sent again would request the others again,
    // without end.
    if (this.#found?.isLacking) return;
    const begunAt = new Date().toISOString();
    for (const id of relativesOf(this.id, this.#folder.everRefused())) {
      const one = this.#folder.withId(id);
      if (one?.isComplete && keptRows(one) > 0) {
        this.#folder.update({ ...one, begunAt, isLacking: true });
      }
    }
  }

  /** Returns the rows that no other file has sent since this run began. */
  stillMissing(rows: IndexSet): IndexSet {
    const moved = this.#folder.withId(this.id)?.moved ?? {};
    return IndexSet.of(
      rows.values().filter((index) =>
        `${moved[index]}` === `${this.#movedAtStart[index]}`
      ),
    );
  }

  /**
   * Records that all rows are stored except the missing ones and those that other
   * deliveries store.
   */
  async complete(
    { end, records }: { end: number; records: number },
    missing: IndexSet,
    isGivenUp?: true,
  ): Promise<void> {
    this.others.confirm(missing, this.#entry.content);
    const refused = missing.union(this.others.elsewhere);
    this.#end({
      ...this.#entry,
      ...await this.#digest(end, refused),
      at: this.sentBefore ?? new Date().toISOString(),
      isComplete: true,
      records: end,
      stored: records - refused.size,
      refused,
      isGivenUp,
    });
  }

  /** Records that an old version of a corrected file was sent to its end. */
  keep(): void {
    const { path, moved, keys } = this.#entry;
    this.#end({ ...this.#found ?? this.#entry, path, moved, keys });
  }

  #end(entry: SentDelivery): void {
    // Another file's run may have sent rows since this run began.
    const last = this.#folder.withId(entry.id) ?? entry;
    const left = Object.entries({ ...last.moved, ...entry.moved })
      .filter(([index]) => entry.refused.has(Number(index)));
    const { refused } = entry;
    const { confirmed } = last;
    const isWhole = openRows({ refused, confirmed }).size === 0;
    const own = new Set([this.#entry.content]);
    this.#entry = {
      ...entry,
      moved: Object.fromEntries(left),
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
