// Which delivery a file is: new, sent before, or a correction of a delivery
// with refused rows (docs/refused-rows.md).

import type { DeliveredFile } from "../delivered_file.ts";
import type { SourceFile } from "../source/source_file.ts";
import { ProgramError } from "../../program/errors.ts";
import { findCorrected, nameOf } from "./correction.ts";
import { Delivery } from "./delivery.ts";
import { IndexSet } from "./index_set.ts";
import { RowFinder } from "./row_finder.ts";
import { findRowsAtPath } from "./rows_at_path.ts";
import { RowsOfOthers } from "./rows_of_others.ts";
import {
  type FoundRow,
  newDelivery,
  type SentDelivery,
} from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

const FINGERPRINT_BYTES = 8;

/**
 * Identifies a file's delivery. With `isNew`, content that was sent before is
 * stored once more. Throws a `ProgramError` if other rows than the refused
 * ones were changed: they would be stored twice.
 */
export async function identify(
  file: DeliveredFile,
  folder: SentFolder,
  isNew = false,
): Promise<Delivery> {
  const { source } = file;
  const { fingerprint } = source;
  const path = fullPathOf(source);
  // Damaged records would otherwise show after the last batch.
  folder.openBut({ id: fingerprint });
  const same = folder.withContent(fingerprint);
  // What was cut off goes on, whatever the clock said then.
  const underWay = same.find((one) =>
    one.begunAt !== undefined && one.path === path &&
    !(isNew && one.isComplete)
  );
  const candidates = isNew || same.length === 0 ? folder.correctable() : [];
  const found = isNew || same.length > 0
    ? underWay ?? (isNew ? undefined : same[0])
    : await findCorrected(file, path, { folder, candidates });
  const copy = 1 + Math.max(0, ...same.map(({ copy }) => copy));
  const id = copy > 1 && !found
    ? await fingerprintOfCopy(fingerprint, copy)
    : fingerprint;
  const isCopy = path !== undefined && !isNew &&
    candidates.some(({ copies }) => copies?.[path]);
  const entry = {
    ...found ?? { ...newDelivery(id, copy), isPart: isCopy || undefined },
    content: fingerprint,
    path: path ?? found?.path,
  };
  const rows = found
    ? movedRows(found, new RowFinder(folder, []))
    : await rowsAt(path, { file, folder, candidates, isNew });
  if (!found && !isNew) {
    await throwIfDoubtful(file, { folder, candidates, rows });
  }
  const wanted = isNew ? rows.filter(({ isStored }) => !isStored) : rows;
  const others = new RowsOfOthers(folder, wanted);
  return new Delivery(folder, file, { found, entry, others });
}

/** What looks like a refused row of another file may be that, or another bet. */
async function throwIfDoubtful(
  { source, openReader }: DeliveredFile,
  { folder, candidates, rows }: {
    folder: SentFolder;
    candidates: readonly SentDelivery[];
    rows: readonly FoundRow[];
  },
): Promise<void> {
  const own = IndexSet.of(rows.map(({ index }) => index));
  const finder = new RowFinder(folder, candidates);
  const row = await finder.findDoubtful(openReader, own);
  if (!row) return;
  const delivery = folder.withId(row.place[0]);
  const where = nameOf(delivery?.path);
  const what = row.isStored
    ? `was refused before and sent from ${where}; remove it here`
    : `was refused in ${where}; correct it there, or in the copy of its refused rows`;
  throw new ProgramError(
    `Cannot send agency's file "${source.path}": the bet of line ${row.line} ${what}, or send this file with --as-new if that is another bet`,
  );
}

/** The refused rows of a known delivery that were sent elsewhere. */
function movedRows(delivery: SentDelivery, finder: RowFinder): FoundRow[] {
  return Object.keys(delivery.moved ?? {}).map((name) => {
    const index = Number(name);
    const place = finder.follow([delivery.id, index]);
    return {
      index,
      place,
      isStored: finder.isStored(place),
      key: delivery.keys?.[index],
    };
  }).filter(({ place: [id] }) => id !== delivery.id);
}

/**
 * The refused rows of other deliveries that a file has by its path: it is a copy
 * of them, or all rows that were sent from there before were refused.
 */
async function rowsAt(
  path: string | undefined,
  { file: { openReader, source }, folder, candidates, isNew }: {
    file: DeliveredFile;
    folder: SentFolder;
    candidates: readonly SentDelivery[];
    isNew: boolean;
  },
): Promise<readonly FoundRow[]> {
  if (path === undefined) return [];
  const copied = candidates.filter(({ copies }) => copies?.[path]);
  const last = copied.length > 0 ? undefined : await folder.idOf(path);
  const origins = copied.length > 0
    ? copied
    : candidates.filter(({ id }) => id === last);
  const [delivery] = origins;
  if (!delivery) return [];
  const { rows, strangeLine } = await findRowsAtPath(
    openReader,
    new RowFinder(folder, origins),
    { delivery, copied: delivery.copies?.[path] },
  );
  if (strangeLine === undefined || isNew) return rows;
  const where = copied.length > 0
    ? `in ${nameOf(delivery.path)}; correct it there`
    : "here before; correct it in the copy of its refused rows";
  throw new ProgramError(
    `Cannot send agency's file "${source.path}": the bet of line ${strangeLine} is not surely one that was refused ${where}, or send this file with --as-new if it is another bet`,
  );
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
  const hash = await crypto.subtle.digest("SHA-256", text);
  return new Uint8Array(hash).subarray(0, FINGERPRINT_BYTES).toHex();
}
