// Compares a file with a delivery that was sent before.

import { everyRecord, type OpenReader } from "../every_record.ts";
import { IndexSet } from "./index_set.ts";
import { DigestWriter, EMPTY_DIGEST } from "./record_digests.ts";
import type { SentDelivery } from "./sent_delivery.ts";

/** Digests that show whether a file is a version of another one. */
const FIRST_DIGESTS = 64;
const MIN_EQUAL_PART = 1 / 4;

/**
 * True if many of a file's first records are those of a delivery; any, if it was
 * cut off, for then others may have been corrected.
 */
export async function beginsAlike(
  openReader: OpenReader,
  { isComplete, refused, digests, keys, moved }: SentDelivery,
): Promise<boolean> {
  if (!digests) return false;
  const writer = new DigestWriter(digests.every, IndexSet.parse(refused));
  await everyRecord(openReader(), (reader, step) => {
    writer.add(reader, step);
  }, FIRST_DIGESTS * digests.every);
  const found = writer.finish().values;
  // Rows that were refused may be in other files, too.
  const known = new Set(
    Object.keys({ ...keys, ...moved }).map((index) =>
      Math.floor(Number(index) / digests.every)
    ),
  );
  const kept = digests.values.slice(0, FIRST_DIGESTS)
    .map((value, i) => ({ value, found: found[i], isKnown: known.has(i) }))
    .filter(({ value, isKnown }) => !isKnown && value !== EMPTY_DIGEST);
  const equal = kept.filter(({ value, found }) => value === found);
  const least = isComplete ? MIN_EQUAL_PART * kept.length : 1;
  return equal.length >= least && equal.length > 0;
}

/**
 * Says where a file differs from a delivery in other rows than the refused
 * ones, as the end of a sentence; `undefined` if it does not: then its records
 * are those of the delivery, with some corrected.
 */
export async function findDifference(
  openReader: OpenReader,
  { isComplete, records, refused, digests }: SentDelivery,
): Promise<string | undefined> {
  if (!isComplete) return "it was changed since";
  const leftOut = IndexSet.parse(refused);
  const { every, values } = digests ?? { every: 1, values: undefined };
  const writer = new DigestWriter(every, leftOut);
  const lines: number[] = [];
  let unsendable: number | undefined;
  let count = 0;
  await everyRecord(openReader(), (reader, step) => {
    if (reader.index % every === 0) lines.push(reader.line);
    if (!writer.add(reader, step)) unsendable ??= reader.line;
    count = reader.index + 1;
  });
  const { values: found } = writer.finish();
  const first = values?.findIndex((value, i) => value !== found[i]) ?? -1;
  const surplus = describeSurplus(count - records);
  if (first >= 0 && first < lines.length) {
    const where = `${describeLines(lines, first, every)} was changed since`;
    return surplus ? `${where}, and ${surplus}` : where;
  }
  if (surplus) return surplus;
  if (unsendable !== undefined) return `line ${unsendable} was changed since`;
  return values ? undefined : "it was changed since";
}

function describeSurplus(surplus: number): string {
  const count = Math.abs(surplus);
  const rows = count === 1 ? "row" : "rows";
  if (surplus > 0) return `it has ${count} more ${rows} now`;
  return surplus < 0
    ? `it has ${count} fewer ${rows} now (put back what was deleted, and send it with --finish-anyway to finish without refused rows)`
    : "";
}

function describeLines(
  lines: readonly number[],
  at: number,
  every: number,
): string {
  if (every === 1) return `line ${lines[at]}`;
  const next = lines[at + 1];
  return `a row from line ${lines[at]} on${
    next ? `, before line ${next},` : ""
  }`;
}
