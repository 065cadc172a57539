// A file's delivery: what is remembered of it before, while and after it is sent.

import type { DeliveredFile } from "../delivered_file.ts";
import { everyRecord } from "../every_record.ts";
import type { RejectedCopy } from "../output/rejected_file.ts";
import { IndexSet } from "../index_set.ts";
import {
  DigestWriter,
  recordsPerDigest,
  sampleRows,
} from "../source/record_digests.ts";
import { keyOf } from "./row_keys.ts";
import type { RowsOfOthers } from "./rows_of_others.ts";
import { relativesOf } from "./moved_rows.ts";
import {
  keptRows,
  openRows,
  type Place,
  type SentDelivery,
} from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

/** Files up to this size are always digested: it takes milliseconds. */
const DIGESTED_BYTES = 1 << 18;

/** What the replies say of the bets. */
export interface BetCounts {
  stored: number;
  /** Bets that the central had already. */
  repeated: number;
  /**
   * Bets that the central surely lacked: a reply called them new, or refused
   * them after the draw. After a lost reply nobody knows.
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
  /** Bet indexes that earlier runs left out. */
  readonly refusedBefore: IndexSet;
  readonly others: RowsOfOthers;

  constructor(
    folder: SentFolder,
    file: DeliveredFile,
    { found, entry, others }: {
      /** What earlier runs have sent, if there were any. */
      found?: SentDelivery | undefined;
      /** What is remembered of it once it is complete. */
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

  /** The fingerprint under which the bets are stored. */
  get id(): string {
    return this.#entry.id;
  }

  get path(): string | undefined {
    return this.#entry.path;
  }

  /** When it was sent to its end before, if known. */
  get sentBefore(): string | undefined {
    return this.#entry.isComplete ? this.#entry.at : undefined;
  }

  /** Whether an earlier run has sent it. */
  get isKnown(): boolean {
    return this.#found !== undefined;
  }

  /** Remembers, before the first batch is sent, that it is under way. */
  async begin(): Promise<void> {
    if (this.#isBegun) return;
    this.#isBegun = true;
    const moved: Record<number, Place> = { ...this.#entry.moved };
    const keys: Record<number, string> = { ...this.#entry.keys };
    const { stored, brought } = this.others;
    for (const { index, place } of stored) moved[index] = place;
    for (const { index, key } of brought) {
      delete moved[index];
      if (key !== undefined) keys[index] ??= key;
    }
    this.#entry = { ...this.#entry, moved, keys };
    this.#movedAtStart = moved;
    // A correction is recognized by what was known before.
    const known = this.#found ?? {
      ...this.#entry,
      // The rows of a copy are known by their keys.
      sample: this.#entry.isPart
        ? undefined
        : await sampleRows(this.#file.source),
    };
    const { id, content, path } = this.#entry;
    const isCorrection = known.content !== content || brought.length > 0;
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
    this.others.take(this.#entry);
  }

  /** Returns those of the refused rows that no earlier run has stored. */
  missing(refused: IndexSet): IndexSet {
    if (!this.#entry.isComplete) return refused;
    return refused.intersection(this.refusedBefore);
  }

  /**
   * True if the central has stored bets as new that an earlier run has stored:
   * it has another store now.
   */
  isLackedBy({ lacked }: BetCounts, refused: IndexSet): boolean {
    const corrected = this.refusedBefore.difference(refused);
    return this.#entry.isComplete && lacked > corrected.size;
  }

  /** Remembers that the central lacks the other deliveries with its rows. */
  expectRelatives(): void {
    // Each of them is sent once more, not each of them after each other one.
    if (this.#found?.isLacking) return;
    const begunAt = new Date().toISOString();
    for (const id of relativesOf(this.id, this.#folder.everRefused())) {
      const one = this.#folder.withId(id);
      if (one?.isComplete && keptRows(one) > 0) {
        this.#folder.update({ ...one, begunAt, isLacking: true });
      }
    }
  }

  /** Those of some rows that were not sent in another file since this run began. */
  stillMissing(rows: IndexSet): IndexSet {
    const moved = this.#folder.withId(this.id)?.moved ?? {};
    return IndexSet.of(
      rows.values().filter((index) =>
        `${moved[index]}` === `${this.#movedAtStart[index]}`
      ),
    );
  }

  /** Remembers that all but these rows, and those of others, are stored. */
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

  /** Remembers that an old version of a corrected file was sent to its end. */
  keep(): void {
    const { path, moved, keys } = this.#entry;
    this.#end({ ...this.#found ?? this.#entry, path, moved, keys });
  }

  #end(entry: SentDelivery): void {
    // Rows may have been sent in another file since this run began.
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

  /** Remembers where refused rows of a complete delivery were copied to. */
  async addCopy(
    { path, hash: rejected }: RejectedCopy,
    rows: IndexSet,
  ): Promise<void> {
    const fullPath = await Deno.realPath(path);
    // Rows may have been sent in another file since this run ended.
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
      keys[index] = keyOf(reader.bytes);
    });
    return { digests: writer.finish(), keys };
  }
}
