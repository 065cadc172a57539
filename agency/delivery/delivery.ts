// Which delivery a file is: new, sent before, or a correction of a delivery
// with refused rows (docs/refused-rows.md).

import type { DeliveredFile } from "../delivered_file.ts";
import { everyRecord } from "../every_record.ts";
import type { RejectedCopy } from "../output/rejected_file.ts";
import type { SourceFile } from "../source/source_file.ts";
import { findCorrected, throwIfCorrectedElsewhere } from "./correction.ts";
import { IndexSet } from "./index_set.ts";
import { DigestWriter, recordsPerDigest } from "./record_digests.ts";
import type { SentDelivery, SentFolder } from "./sent_folder.ts";

/** Files up to this size are always digested: it takes milliseconds. */
const DIGESTED_BYTES = 1 << 18;
const FINGERPRINT_BYTES = 8;

export class Delivery {
  readonly #folder: SentFolder;
  readonly #file: DeliveredFile;
  /** The hash of the copy of its refused rows that an earlier run wrote. */
  readonly written: ReadonlySet<string>;
  /** Bet indexes that earlier runs left out. */
  readonly refusedBefore: IndexSet;
  readonly #origin: SentDelivery | undefined;
  #entry: SentDelivery;
  #isBegun = false;

  private constructor(
    { folder, file, written, entry, origin }: Identified,
  ) {
    this.#folder = folder;
    this.#file = file;
    this.written = written;
    this.refusedBefore = IndexSet.parse(entry.refused) ?? new IndexSet();
    this.#entry = entry;
    this.#origin = origin;
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
    const path = fullPathOf(source);
    const known = await folder.find({ fingerprint, path });
    // The latest first; an older version of its own content also matches.
    const same = known.deliveries.filter(({ content, id }) =>
      content === fingerprint || id === fingerprint
    );
    const found = isNew
      ? await nextCopy(source, same, path)
      : same[0] ?? await findCorrected(file, known);
    const isChanged = !isNew && same.length === 0;
    if (path && isChanged) throwIfCorrectedElsewhere(path, found, known);
    const entry = {
      ...found ?? entryOf(source, fingerprint, 1),
      content: fingerprint,
      size: source.size,
    };
    const written = new Set(found?.rejected ? [found.rejected] : []);
    return new Delivery({
      folder,
      file,
      written,
      entry: path ? { ...entry, path } : entry,
      origin: isChanged ? known.origin : undefined,
    });
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
    const { id, path = "", isComplete } = this.#entry;
    const origin = this.#origin;
    if (origin) {
      this.#folder.update({ ...origin, correctedIn: { path, id } });
    }
    // A correction is recognized by what was known before.
    if (!isComplete) await this.#folder.save(this.#entry);
  }

  /** Returns those of the refused rows that no earlier run has stored. */
  missing(refused: IndexSet): IndexSet {
    if (!this.#entry.isComplete) return refused;
    return refused.intersection(this.refusedBefore);
  }

  async complete(records: number, refused: IndexSet): Promise<void> {
    const isDigested = refused.size > 0 ||
      this.#file.source.size <= DIGESTED_BYTES;
    this.#entry = {
      ...this.#entry,
      at: this.sentBefore ?? new Date().toISOString(),
      isComplete: true,
      records,
      refused: refused.format(),
      digests: isDigested ? await this.#digest(records, refused) : undefined,
    };
    await this.#folder.save(this.#entry);
  }

  /** Remembers where the refused rows of a complete delivery were copied to. */
  async addCopy({ path, hash }: RejectedCopy): Promise<void> {
    const fullPath = await Deno.realPath(path);
    const { refused, copies } = this.#entry;
    this.#entry = {
      ...this.#entry,
      rejected: hash,
      copies: { ...copies, [fullPath]: refused },
    };
    this.#folder.update(this.#entry);
    await this.#folder.link(fullPath, this.#entry);
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

interface Identified {
  folder: SentFolder;
  file: DeliveredFile;
  written: ReadonlySet<string>;
  entry: SentDelivery;
  /** The delivery whose refused rows this one corrects. */
  origin: SentDelivery | undefined;
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

/** `undefined` for a pipe, whose content has no name. */
function fullPathOf({ path, isNamed }: SourceFile): string | undefined {
  return isNamed ? Deno.realPathSync(path) : undefined;
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
