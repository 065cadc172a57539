// Which delivery a file is: new, sent before, or a correction of a delivery
// with refused rows (docs/refused-rows.md).

import type { DeliveredFile } from "../delivered_file.ts";
import type { SourceFile } from "../source/source_file.ts";
import { findCorrected } from "./correction.ts";
import { Delivery } from "./delivery.ts";
import { type FoundRow, RowFinder } from "./row_finder.ts";
import { RowsOfOthers } from "./rows_of_others.ts";
import { newDelivery, type SentDelivery } from "./sent_delivery.ts";
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
  const { source, openReader } = file;
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
  const entry = {
    ...found ?? newDelivery(id, copy),
    content: fingerprint,
    path: path ?? found?.path,
  };
  const finder = new RowFinder(folder, found ? [] : candidates);
  const rows = found
    ? movedRows(found, finder)
    : await finder.find(openReader, copiedTo(path, candidates));
  const wanted = isNew ? rows.filter(({ isStored }) => !isStored) : rows;
  const others = new RowsOfOthers(folder, wanted);
  return new Delivery(folder, file, { found, entry, others });
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

/** Whose refused rows were copied to a path last, and which. */
function copiedTo(
  path: string | undefined,
  candidates: readonly SentDelivery[],
): { id: string; rows: string } | undefined {
  for (const { id, copies } of candidates) {
    const rows = path === undefined ? undefined : copies?.[path];
    if (rows !== undefined) return { id, rows };
  }
  return undefined;
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
