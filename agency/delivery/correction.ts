// Which delivery a file corrects. Each row is corrected in one place, the file
// or a copy of its refused rows: corrected in both, it would be stored twice.

import { ProgramError } from "../../program/errors.ts";
import type { DeliveredFile } from "../delivered_file.ts";
import type { SourceFile } from "../source/source_file.ts";
import { findDifference } from "./difference.ts";
import { IndexSet } from "./index_set.ts";
import type { FoundDeliveries, SentDelivery } from "./sent_folder.ts";

/** Fewest equal rows that make a file of another name a correction. */
const MIN_KEPT_ROWS = 5;
/** A corrected row may be anything up to the largest bet, with quotes. */
const MAX_ROW_CHANGE_BYTES = 4096;
/** It may come or go when a program saves the file, as line ends do. */
const BYTE_ORDER_MARK_BYTES = 3;

/**
 * Finds the delivery that this file corrects. Throws a `ProgramError` if the
 * file was sent before and is not a correction.
 */
export async function findCorrected(
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
    if (one === before) difference = found;
    if (found !== undefined) continue;
    if (one === before || isSure(one)) return one;
    const [what, how] = one.path === undefined
      ? ["what came through a pipe", "send what is corrected by itself"]
      : [`"${one.path}"`, "send it under that name"];
    throw new ProgramError(
      `Cannot send agency's file "${source.path}": it may be ${what}, sent on ${one.at}, with corrections; ${how}, or all as a new delivery with --as-new`,
    );
  }
  if (!before) return undefined;
  throw new ProgramError(
    `Cannot send agency's file "${source.path}": ${
      before.isComplete ? "it" : "a part of it"
    } was sent on ${before.at}, and ${difference}; send only what is new as a file of its own, or all of it as a new delivery with --as-new`,
  );
}

/**
 * True if rows of a delivery were stored, and a file of this size may differ in
 * the others only.
 */
function isSimilar(delivery: SentDelivery, { size }: SourceFile): boolean {
  const kept = keptRows(delivery);
  const refused = delivery.records - kept;
  const change = refused * MAX_ROW_CHANGE_BYTES + delivery.records +
    BYTE_ORDER_MARK_BYTES;
  return kept > 0 && Math.abs(delivery.size - size) <= change;
}

/** With few equal rows it may be another file. */
function isSure(delivery: SentDelivery): boolean {
  const kept = keptRows(delivery);
  return kept >= MIN_KEPT_ROWS && 2 * kept > delivery.records;
}

/**
 * Number of rows known to be stored; only these can be stored twice.
 */
function keptRows({ isComplete, records, refused }: SentDelivery): number {
  if (!isComplete) return Infinity;
  return records - (IndexSet.parse(refused)?.size ?? 0);
}

/**
 * Throws a `ProgramError` if rows that this file corrects were corrected and
 * sent in another one: in the copy of its refused rows, or in the file of which
 * it is such a copy.
 */
export function throwIfCorrectedElsewhere(
  path: string,
  found: SentDelivery | undefined,
  { deliveries, origin }: FoundDeliveries,
): void {
  const { correctedIn } = found ?? {};
  const copy = deliveries.find(({ id }) => id === correctedIn?.id);
  // A delivery that was not found has no refused rows.
  const isCopyStored = correctedIn && (!copy || keptRows(copy) > 0);
  const isOriginStored = origin &&
    origin.refused !== origin.copies?.[path];
  if (!isCopyStored && !isOriginStored) return;
  const elsewhere = isCopyStored ? correctedIn.path : origin?.path ?? "-";
  throw new ProgramError(
    `Cannot send agency's file "${path}": some of its rows were corrected in "${elsewhere}" and sent, and would be stored twice; correct the others there, too`,
  );
}
