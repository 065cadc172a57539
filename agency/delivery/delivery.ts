// A file's delivery: what is remembered of it before, while and after it is sent.

import type { DeliveredFile } from "../delivered_file.ts";
import { everyRecord } from "../every_record.ts";
import type { RejectedCopy } from "../output/rejected_file.ts";
import { IndexSet } from "../index_set.ts";
import { DigestWriter, recordsPerDigest } from "./record_digests.ts";
import { keyOf } from "./row_keys.ts";
import type { RowsOfOthers } from "./rows_of_others.ts";
import { openRows, type Place, type SentDelivery } from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

/** Files up to this size are always digested: it takes milliseconds. */
const DIGESTED_BYTES = 1 << 18;
/** Records by which a file is known that was cut off. */
const FIRST_RECORDS = 64;

export interface DeliveryState {
  /** What earlier runs have sent, if there were any. */
  found: SentDelivery | undefined;
  /** What is remembered of it once it is complete. */
  entry: SentDelivery;
  others: RowsOfOthers;
}

export class Delivery {
  readonly #folder: SentFolder;
  readonly #file: DeliveredFile;
  readonly #found: SentDelivery | undefined;
  #entry: SentDelivery;
  #isBegun = false;
  /** Bet indexes that earlier runs left out. */
  readonly refusedBefore: IndexSet;
  readonly others: RowsOfOthers;

  constructor(
    folder: SentFolder,
    file: DeliveredFile,
    { found, entry, others }: DeliveryState,
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

  /** Whether earlier runs have stored rows of it. */
  get hasStored(): boolean {
    const { isComplete, records } = this.#entry;
    return isComplete && records > this.refusedBefore.size;
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
    const begunAt = new Date().toISOString();
    // A correction is recognized by what was known before.
    const known = this.#found ?? {
      ...this.#entry,
      digests: await this.#firstDigests(),
    };
    const { id, content, path } = this.#entry;
    const isCorrection = known.content !== content || brought.length > 0;
    const correction = isCorrection ? content : known.correction;
    this.#folder.update({ ...known, path, moved, keys, correction, begunAt });
    if (path !== undefined) await this.#folder.link(path, id);
    this.others.take(id);
  }

  /** Returns those of the refused rows that no earlier run has stored. */
  missing(refused: IndexSet): IndexSet {
    if (!this.#entry.isComplete) return refused;
    return refused.intersection(this.refusedBefore);
  }

  /** Remembers that all but these rows, and those of others, are stored. */
  async complete(
    { end, records }: { end: number; records: number },
    missing: IndexSet,
    { isGivenUp = false } = {},
  ): Promise<void> {
    this.others.confirm(missing);
    const refused = missing.union(this.others.elsewhere);
    const isDigested = refused.size > 0 ||
      this.#file.source.size <= DIGESTED_BYTES;
    const { content, correction } = this.#entry;
    const digested = isDigested
      ? await this.#digest(end, refused)
      : { digests: undefined };
    this.#end({
      ...this.#entry,
      ...digested,
      at: this.sentBefore ?? new Date().toISOString(),
      isComplete: true,
      records: end,
      stored: records - refused.size,
      refused: refused.format(),
      correction: correction === content ? undefined : correction,
      isGivenUp: isGivenUp || undefined,
    });
  }

  /** Remembers that an old version of a corrected file was sent to its end. */
  keep(): void {
    const { path, moved, keys } = this.#entry;
    this.#end({ ...this.#found ?? this.#entry, path, moved, keys });
  }

  #end(entry: SentDelivery): void {
    // Rows may have been sent in another file since this run began.
    const { moved, confirmed } = this.#folder.withId(entry.id) ?? {};
    const refused = IndexSet.parse(entry.refused);
    const left = Object.entries({ ...moved, ...entry.moved })
      .filter(([index]) => refused.has(Number(index)));
    this.#entry = {
      ...entry,
      moved: Object.fromEntries(left),
      confirmed,
      begunAt: undefined,
    };
    this.#folder.update(this.#entry);
  }

  /** Remembers where refused rows of a complete delivery were copied to. */
  async addCopy(
    { path, hash }: RejectedCopy,
    rows: IndexSet,
  ): Promise<void> {
    const fullPath = await Deno.realPath(path);
    const { id, copies } = this.#entry;
    this.#entry = {
      ...this.#entry,
      rejected: hash,
      copies: { ...copies, [fullPath]: rows.format() },
    };
    this.#folder.update(this.#entry);
    await this.#folder.link(fullPath, id);
  }

  async #firstDigests(): Promise<SentDelivery["digests"]> {
    const writer = new DigestWriter(1, new IndexSet());
    await everyRecord(this.#file.openReader(), (reader, step) => {
      writer.add(reader, step);
    }, FIRST_RECORDS);
    return writer.finish();
  }

  async #digest(
    records: number,
    refused: IndexSet,
  ): Promise<Pick<SentDelivery, "digests" | "keys">> {
    const writer = new DigestWriter(recordsPerDigest(records), refused);
    const keys: Record<number, string> = { ...this.#entry.keys };
    const { others: { elsewhere }, refusedBefore } = this;
    await everyRecord(this.#file.openReader(), (reader, step) => {
      writer.add(reader, step);
      const { index } = reader;
      if (!refused.has(index) && !refusedBefore.has(index)) return;
      if (elsewhere.has(index) || keys[index] !== undefined) return;
      keys[index] = keyOf(reader.bytes);
    });
    return { digests: writer.finish(), keys };
  }
}
