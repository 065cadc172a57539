// Which delivery a file is: new, sent before, or a correction of a delivery
// with refused rows (docs/refused-rows.md).

import type { DeliveredFile } from "../delivered_file.ts";
import { everyRecord } from "../every_record.ts";
import type { RejectedCopy } from "../output/rejected_file.ts";
import type { SourceFile } from "../source/source_file.ts";
import { type Correction, findCorrection } from "./correction.ts";
import { IndexSet } from "./index_set.ts";
import { DigestWriter, recordsPerDigest } from "./record_digests.ts";
import { FIRST_ROWS, keyOf, keysOf, MAX_KEYS } from "./row_keys.ts";
import {
  isOpen,
  newDelivery,
  type SentDelivery,
  sizeOf,
} from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

/** Files up to this size are always digested: it takes milliseconds. */
const DIGESTED_BYTES = 1 << 18;
const FINGERPRINT_BYTES = 8;

export class Delivery {
  readonly #folder: SentFolder;
  readonly #file: DeliveredFile;
  /** What earlier runs have sent, if there were any. */
  readonly #found: SentDelivery | undefined;
  readonly #origin: SentDelivery | undefined;
  #entry: SentDelivery;
  #isBegun = false;
  /** The hash of the copy of its refused rows that an earlier run wrote. */
  readonly written: ReadonlySet<string>;
  /** Bet indexes that earlier runs left out. */
  readonly refusedBefore: IndexSet;

  private constructor(
    folder: SentFolder,
    file: DeliveredFile,
    { found, origin, entry }: Identified,
  ) {
    this.#folder = folder;
    this.#file = file;
    this.#found = found;
    this.#origin = origin;
    this.#entry = entry;
    this.written = new Set(found?.rejected ? [found.rejected] : []);
    this.refusedBefore = IndexSet.parse(entry.refused);
  }

  /**
   * Identifies a file's delivery. With `isNew`, content that was sent before is
   * stored once more. Throws a `ProgramError` if other rows than the refused
   * ones were changed: they would be stored twice.
   */
  static async identify(
    file: DeliveredFile,
    folder: SentFolder,
    isNew = false,
  ): Promise<Delivery> {
    const { source } = file;
    const { fingerprint, size } = source;
    const path = fullPathOf(source);
    // Damaged records would otherwise show after the last batch.
    folder.openBut({ id: fingerprint });
    const same = folder.withContent(fingerprint);
    // What was cut off goes on, whatever the clock said then.
    const underWay = same.find((one) =>
      one.begunAt !== undefined && one.path === path &&
      !(isNew && one.isComplete)
    );
    const { found, origin }: Correction = isNew || same.length > 0
      ? {
        found: underWay ?? (isNew ? undefined : same[0]),
        origin: undefined,
      }
      : await findCorrection(file, path, folder);
    const copy = 1 + Math.max(0, ...same.map(({ copy }) => copy));
    const id = copy > 1 && !found
      ? await fingerprintOfCopy(fingerprint, copy)
      : fingerprint;
    const entry = {
      ...found ?? newDelivery(id, copy),
      content: fingerprint,
      size,
      path: path ?? found?.path,
      ...origin && { origin: origin.id },
      // A correction in place; the copies hold rows that are stored then.
      ...found && same.length === 0 &&
        { correctedIn: { path: path ?? "", id: found.id } },
    };
    return new Delivery(folder, file, { found, origin, entry });
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

  /** The copy in which rows of this delivery were corrected, if one was sent. */
  get correctedIn(): SentDelivery["correctedIn"] {
    const { correctedIn, id } = this.#entry;
    return correctedIn?.id === id ? undefined : correctedIn;
  }

  /** Number of rows that are stored as the rows of a copy. */
  get settled(): number {
    return this.#entry.isSettled ? this.refusedBefore.size : 0;
  }

  /** Remembers, before the first batch is sent, that it is under way. */
  async begin(): Promise<void> {
    if (this.#isBegun) return;
    this.#isBegun = true;
    const { id, path = "", correctedIn } = this.#entry;
    const origin = this.#origin;
    if (origin) {
      this.#folder.update({ ...origin, correctedIn: { path, id } });
    }
    const begunAt = new Date().toISOString();
    // A correction is recognized by what was known before.
    const known = this.#found ?? {
      ...this.#entry,
      firstRows: await keysOf(this.#file.openReader, FIRST_ROWS),
    };
    const { content, path: own } = this.#entry;
    const correction = known.content === content ? known.correction : content;
    const state = { path: own, correctedIn, correction, begunAt };
    this.#folder.update({ ...known, ...state });
    if (own !== undefined) await this.#folder.link(own, id);
  }

  /**
   * Returns those of the refused rows that no earlier run has stored in the same
   * store.
   */
  missing(refused: IndexSet): IndexSet {
    if (this.settled > 0) return new IndexSet();
    if (!this.#entry.isComplete) return refused;
    return refused.intersection(this.refusedBefore);
  }

  /** Remembers that all but these rows are stored. */
  async complete(
    records: number,
    refused: IndexSet,
    { isGivenUp = false } = {},
  ): Promise<void> {
    const isDigested = refused.size > 0 ||
      this.#file.source.size <= DIGESTED_BYTES;
    const { id, path = "", content, correction } = this.#entry;
    const isFewer = refused.size < this.refusedBefore.size;
    this.#entry = {
      ...this.#entry,
      at: this.sentBefore ?? new Date().toISOString(),
      isComplete: true,
      records,
      refused: refused.format(),
      firstRows: undefined,
      correction: correction === content ? undefined : correction,
      digests: undefined,
      isSettled: undefined,
      isGivenUp: isGivenUp || undefined,
      ...isFewer && { correctedIn: { path, id } },
    };
    if (isDigested) {
      const digested = await this.#digest(records, refused);
      this.#entry = { ...this.#entry, ...digested };
    }
    this.#end(this.#entry);
  }

  /** Remembers that an old version of a corrected file was sent to its end. */
  keep(): void {
    this.#end({ ...this.#found ?? this.#entry, path: this.path });
  }

  #end(entry: SentDelivery): void {
    // Rows may have been corrected in a copy since this run began.
    const correctedIn = entry.correctedIn ??
      this.#folder.withId(entry.id)?.correctedIn;
    this.#entry = { ...entry, correctedIn, begunAt: undefined };
    this.#folder.update(this.#entry);
    this.#settleOrigin();
  }

  /** Remembers where the refused rows of a complete delivery were copied to. */
  async addCopy({ path, hash }: RejectedCopy): Promise<void> {
    const fullPath = await Deno.realPath(path);
    const { id, refused, copies } = this.#entry;
    this.#entry = {
      ...this.#entry,
      rejected: hash,
      copies: { ...copies, [fullPath]: refused },
    };
    this.#folder.update(this.#entry);
    await this.#folder.link(fullPath, id);
  }

  /** Remembers that refused rows are stored now, as those of their copy. */
  #settleOrigin(): void {
    let copy = this.#entry;
    while (copy.origin !== undefined && !isOpen(copy)) {
      const origin = this.#folder.withId(copy.origin);
      // Rows that were deleted from the copy are stored nowhere.
      if (!origin || copy.records < sizeOf(origin.refused)) return;
      copy = { ...origin, isSettled: true };
      this.#folder.update(copy);
    }
  }

  async #digest(
    records: number,
    refused: IndexSet,
  ): Promise<Pick<SentDelivery, "digests" | "keys">> {
    const writer = new DigestWriter(recordsPerDigest(records), refused);
    const keys: Record<number, string> = { ...this.#entry.keys };
    let count = 0;
    await everyRecord(this.#file.openReader(), (reader, step) => {
      writer.add(reader, step);
      if (count >= MAX_KEYS || !refused.has(reader.index)) return;
      keys[reader.index] = keyOf(reader.bytes);
      count++;
    });
    const hasKeys = Object.keys(keys).length > 0;
    return { digests: writer.finish(), keys: hasKeys ? keys : undefined };
  }
}

interface Identified {
  found: SentDelivery | undefined;
  /** The delivery whose refused rows this one corrects. */
  origin: SentDelivery | undefined;
  entry: SentDelivery;
}

/** `undefined` for a pipe, whose content has no name. */
function fullPathOf({ path, isNamed }: SourceFile): string | undefined {
  return isNamed ? Deno.realPathSync(path) : undefined;
}

/** The identity of content stored once more (docs/refused-rows.md). */
export async function fingerprintOfCopy(
  content: string,
  copy: number,
): Promise<string> {
  const text = new TextEncoder().encode(`${content}#${copy}`);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return hash.subarray(0, FINGERPRINT_BYTES).toHex();
}
