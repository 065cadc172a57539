// Which delivery a file is: new, sent before, or a correction of a delivery
// with refused rows (docs/refused-rows.md).

import { ProgramError } from "../../program/errors.ts";
import type { DeliveredFile } from "../delivered_file.ts";
import { everyRecord } from "../every_record.ts";
import { isProcessInput } from "../source/input_file.ts";
import type { SourceFile } from "../source/source_file.ts";
import { findDifference } from "./difference.ts";
import { IndexSet } from "./index_set.ts";
import { DigestWriter, recordsPerDigest } from "./record_digests.ts";
import type {
  FoundDeliveries,
  SentDelivery,
  SentFolder,
} from "./sent_folder.ts";

/** Files up to this size are always digested: it takes milliseconds. */
const DIGESTED_BYTES = 1 << 18;
const FINGERPRINT_BYTES = 8;

export class Delivery {
  readonly #folder: SentFolder;
  readonly #file: DeliveredFile;
  /** The hashes of the copies of refused rows that earlier runs wrote. */
  readonly written: ReadonlySet<string>;
  #entry: SentDelivery;
  #isBegun = false;

  private constructor(
    folder: SentFolder,
    file: DeliveredFile,
    written: ReadonlySet<string>,
    entry: SentDelivery,
  ) {
    this.#folder = folder;
    this.#file = file;
    this.written = written;
    this.#entry = entry;
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
    const { fingerprint } = source;
    const path = await fullPathOf(source);
    const known = await folder.find({ fingerprint, path });
    // The latest first; an older version of its own content also matches.
    const same = known.deliveries.filter(({ content, id }) =>
      content === fingerprint || id === fingerprint
    );
    const found = isNew
      ? await nextCopy(source, same, path)
      : same[0] ?? await findCorrected(file, known);
    const entry = {
      ...found ?? entryOf(source, fingerprint, 1),
      content: fingerprint,
      size: source.size,
    };
    const written = new Set(
      known.deliveries.flatMap(({ rejected }) => rejected ?? []),
    );
    return new Delivery(
      folder,
      file,
      written,
      path ? { ...entry, path } : entry,
    );
  }

  /** The fingerprint under which the bets are stored. */
  get id(): string {
    return this.#entry.id;
  }

  /** When it was sent to its end before, if known. */
  get sentBefore(): string | undefined {
    return this.#entry.isComplete ? this.#entry.at : undefined;
  }

  async begin(): Promise<void> {
    if (this.#isBegun) return;
    this.#isBegun = true;
    // A correction is recognized by what was known before.
    if (!this.#entry.isComplete) await this.#folder.save(this.#entry);
  }

  async complete(
    records: number,
    refused: IndexSet,
    rejected: string | undefined,
  ): Promise<void> {
    const isDigested = refused.size > 0 ||
      this.#file.source.size <= DIGESTED_BYTES;
    this.#entry = {
      ...this.#entry,
      at: this.sentBefore ?? new Date().toISOString(),
      isComplete: true,
      records,
      refused: refused.format(),
      digests: isDigested ? await this.#digest(records, refused) : undefined,
      rejected: rejected ?? this.#entry.rejected,
    };
    await this.#folder.save(this.#entry);
  }

  async #digest(
    records: number,
    refused: IndexSet,
  ): Promise<SentDelivery["digests"]> {
    const writer = new DigestWriter(recordsPerDigest(records), refused);
    await everyRecord(this.#file.openReader(), (reader, step) => {
      writer.add(reader, step);
    });
    return writer.finish();
  }
}

function entryOf(
  { fingerprint, size }: SourceFile,
  id: string,
  copy: number,
): SentDelivery {
  return {
    version: 1,
    id,
    copy,
    content: fingerprint,
    size,
    at: new Date().toISOString(),
    isComplete: false,
    records: 0,
    refused: "",
  };
}

/** `undefined` for a pipe, which has no name of its own. */
async function fullPathOf({ path }: SourceFile): Promise<string | undefined> {
  return isProcessInput(path) ? undefined : await Deno.realPath(path);
}

/**
 * One more copy of the same content, unless the last one is still under way.
 */
async function nextCopy(
  source: SourceFile,
  same: readonly SentDelivery[],
  path: string | undefined,
): Promise<SentDelivery | undefined> {
  const [last] = same;
  if (!last) return undefined;
  const isUnderWay = last.copy > 1 && !last.isComplete &&
    last.path === path;
  if (isUnderWay) return last;
  const copy = 1 + Math.max(...same.map(({ copy }) => copy));
  return entryOf(
    source,
    await fingerprintOfCopy(source.fingerprint, copy),
    copy,
  );
}

/** The identity of content that is stored once more (docs/refused-rows.md). */
export async function fingerprintOfCopy(
  content: string,
  copy: number,
): Promise<string> {
  const text = new TextEncoder().encode(`${content}#${copy}`);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return hash.subarray(0, FINGERPRINT_BYTES).toHex();
}

/**
 * Finds the delivery that this file corrects. Throws a `ProgramError` if the
 * file was sent before and is not a correction.
 */
async function findCorrected(
  { source, openReader }: DeliveredFile,
  { deliveries, before }: FoundDeliveries,
): Promise<SentDelivery | undefined> {
  if (before && keptRows(before) === 0) return undefined;
  // The file may have been moved, or saved under another name.
  const others = deliveries.filter((one) =>
    one !== before && one.refused !== "" && isSimilar(one, source)
  );
  let difference: string | undefined;
  for (const one of before ? [before, ...others] : others) {
    const found = await findDifference(openReader, one);
    if (found === undefined) return one;
    if (one === before) difference = found;
  }
  if (!before) return undefined;
  throw new ProgramError(
    `Cannot send agency's file "${source.path}": ${
      before.isComplete ? "it" : "a part of it"
    } was sent on ${before.at}, and ${difference}; send only what is new as a file of its own, or all of it as a new delivery with --as-new`,
  );
}

/**
 * True if most rows of a delivery were stored, and a file of this size can only
 * differ in the others. With few equal rows it may be another file.
 */
function isSimilar(delivery: SentDelivery, { size }: SourceFile): boolean {
  const kept = keptRows(delivery);
  const refused = delivery.records - kept;
  const change = refused * MAX_ROW_CHANGE_BYTES + delivery.records +
    BYTE_ORDER_MARK_BYTES;
  return kept >= MIN_KEPT_ROWS && kept > refused &&
    Math.abs(delivery.size - size) <= change;
}

/**
 * Number of rows stored, as far as is known; only these can be stored twice.
 */
function keptRows({ isComplete, records, refused }: SentDelivery): number {
  if (!isComplete) return Infinity;
  return records - (IndexSet.parse(refused)?.size ?? 0);
}

/** Fewest equal rows that make a file of another name a correction. */
const MIN_KEPT_ROWS = 5;
/** A corrected row may be anything up to the largest bet, with quotes. */
const MAX_ROW_CHANGE_BYTES = 4096;
/** It may come or go when a program saves the file, as line ends do. */
const BYTE_ORDER_MARK_BYTES = 3;
