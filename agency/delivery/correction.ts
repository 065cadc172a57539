// Finds out whether a file with new content is a delivery that was sent before,
// with refused rows corrected in place.

import type { ProgramError } from "../../program/errors.ts";
import { formatAction, getLogger } from "../../program/logging.ts";
import type { DeliveredFile } from "../delivered_file.ts";
import { everyRecord } from "../every_record.ts";
import { sendError } from "../source/input_file.ts";
import type { SourceFile } from "../source/source_file.ts";
import { findDifference } from "../source/difference.ts";
import {
  DigestWriter,
  EMPTY_DIGEST,
  rowDigest,
} from "../source/record_digests.ts";
import { keptRows, nameOf, type SentDelivery } from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

/** Fewest unchanged rows for a file with another name to be a correction. */
const MIN_KEPT_ROWS = 5;
/** Digests to compare to see whether two files begin alike. */
const FIRST_DIGESTS = 64;
const MIN_EQUAL_PART = 1 / 4;

/** Earlier deliveries that may be related to a file. */
export interface RelatedDeliveries {
  folder: SentFolder;
  /** The file's full path; `undefined` for a pipe. */
  path: string | undefined;
  /** Deliveries with the file's content. */
  same: readonly SentDelivery[];
  /** Deliveries that the file may correct. */
  candidates: readonly SentDelivery[];
  /** Candidates whose refused rows were copied to the file's path. */
  copied: readonly SentDelivery[];
  /**
   * The identity of the delivery that was last sent from the file's path, or had
   * its refused rows copied to it.
   */
  last: string | undefined;
}

/**
 * Returns the delivery that the file corrects, if there is one. Throws a
 * `ProgramError` if rows other than the refused ones have changed.
 */
export async function findCorrected(
  file: DeliveredFile,
  { folder, path, candidates, copied, last }: RelatedDeliveries,
): Promise<SentDelivery | undefined> {
  const linked = last === undefined ? undefined : folder.withId(last);
  const named = latestCutOff(candidates, path, linked) ?? linked;
  // A copy is not compared as a whole: each of its rows is recognized by itself.
  const isCopied = named?.isCopy || named?.copies[path ?? ""] !== undefined;
  const before = isCopied ? undefined : named;
  const isCopy = copied.length > 0;
  if (before && keptRows(before) > 0) {
    const difference = await findDifference(file, before);
    if (difference === undefined) return before;
    if (!isCopy || !before.isComplete) {
      throw changed(file.source, before, difference);
    }
  }
  const files = candidates.filter(({ isCopy }) => !isCopy);
  const cutOff = isCopy ? undefined : await findCutOff(file, files);
  if (cutOff) {
    const what = `line ${cutOff.line} is a row of`;
    throw partlyStored(file.source, cutOff.delivery, what);
  }
  return await findVersion(file, files);
}

/** The later delivery of a run that was killed before it linked its path. */
function latestCutOff(
  candidates: readonly SentDelivery[],
  path: string | undefined,
  linked: SentDelivery | undefined,
): SentDelivery | undefined {
  return path === undefined
    ? undefined
    : candidates.find((one) =>
      one.path === path && !one.isComplete && !one.isCopy &&
      one.at > (linked?.at ?? "")
    );
}

/**
 * Finds a delivery that was cut off and has a row of the file, at any position:
 * rows may have been added or removed since.
 */
async function findCutOff(
  file: DeliveredFile,
  files: readonly SentDelivery[],
): Promise<{ delivery: SentDelivery; line: number } | undefined> {
  const known = new Map<number, SentDelivery>();
  for (const delivery of files.filter(({ isComplete }) => !isComplete)) {
    for (const digest of delivery.sample ?? []) known.set(digest, delivery);
  }
  if (known.size === 0) return undefined;
  let found: { delivery: SentDelivery; line: number } | undefined;
  await everyRecord(file, ({ bytes, line }, step) => {
    const delivery = step === "record" && known.get(rowDigest(bytes));
    if (delivery) found = { delivery, line };
    return found !== undefined;
  });
  return found;
}

function changed(
  { path }: SourceFile,
  { isComplete, at }: SentDelivery,
  difference: string,
): ProgramError {
  return sendError(
    path,
    isComplete
      ? `it was sent on ${at}, and ${difference}; send only what is new as a file of its own, or all of it as a new delivery with --as-new, which stores the unchanged rows a second time`
      : `it may be partly stored since ${at}, and ${difference}; put it back as it was, send it to its end and only then correct it, or send all of it as a new delivery with --as-new`,
  );
}

/**
 * Finds the delivery that the file is a version of: it may have been moved, or
 * saved under another name. Throws a `ProgramError` if there is doubt.
 */
async function findVersion(
  file: DeliveredFile,
  files: readonly SentDelivery[],
): Promise<SentDelivery | undefined> {
  for (const delivery of files) {
    // There may be thousands of deliveries, so this quick check comes first.
    if (!await beginsAlike(file, delivery)) continue;
    if (!delivery.isComplete) {
      throw partlyStored(file.source, delivery, "it may be");
    }
    const difference = await findDifference(file, delivery);
    if (difference !== undefined || !hasEnoughKept(delivery)) {
      throw mayBe(file.source, delivery, difference);
    }
    getLogger().info(formatAction("find_delivery", "success", {
      file: file.source.path,
      reason: `it is ${nameOf(delivery.path)} with corrections`,
      since: delivery.at,
    }));
    return delivery;
  }
  return undefined;
}

/** `what` tells how the file is related to the delivery. */
function partlyStored(
  { path }: SourceFile,
  delivery: SentDelivery,
  what: string,
): ProgramError {
  const name = nameOf(delivery.path);
  return sendError(
    path,
    `${what} ${name}, whose run of ${delivery.at} was cut off and may be partly stored; send that file to its end first, as it was, or this one as a new delivery with --as-new`,
  );
}

function mayBe(
  { path }: SourceFile,
  delivery: SentDelivery,
  difference: string | undefined,
): ProgramError {
  const how = difference === undefined && delivery.path !== undefined
    ? "send it under that name"
    : "send only what is new as a file of its own";
  return sendError(
    path,
    `it may be ${nameOf(delivery.path)}, sent on ${delivery.at}, and ${
      difference ?? "it has corrections"
    }; ${how}, or all of it as a new delivery with --as-new`,
  );
}

/** With few unchanged rows it may be another file. */
function hasEnoughKept(delivery: SentDelivery): boolean {
  const kept = keptRows(delivery);
  return kept >= MIN_KEPT_ROWS && 2 * kept > delivery.records;
}

/** True if many of a file's first records are also a delivery's first ones. */
async function beginsAlike(
  file: DeliveredFile,
  { refused, digests, keys, moved }: SentDelivery,
): Promise<boolean> {
  if (!digests) return false;
  const writer = new DigestWriter(digests.every, refused);
  const limit = FIRST_DIGESTS * digests.every;
  await everyRecord(file, (reader, step) => {
    if (reader.index < limit) writer.add(reader, step);
    return reader.index >= limit;
  });
  const found = writer.finish().values;
  // Ignores rows that were ever refused: other files may have them, too.
  const known = new Set(
    Object.keys({ ...keys, ...moved }).map((index) =>
      Math.floor(Number(index) / digests.every)
    ),
  );
  const kept = [...digests.values.slice(0, FIRST_DIGESTS).entries()]
    .filter(([at, value]) => !known.has(at) && value !== EMPTY_DIGEST);
  const equal = kept.filter(([at, value]) => value === found[at]);
  return equal.length >= MIN_EQUAL_PART * kept.length && equal.length > 0;
}
