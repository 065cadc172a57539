// What a file that is new or was changed corrects. Each row is corrected in one
// place, the file or one copy of its refused rows: corrected in two, it would be
// stored twice.

import { ProgramError } from "../../program/errors.ts";
import type { DeliveredFile } from "../delivered_file.ts";
import type { SourceFile } from "../source/source_file.ts";
import { beginsAlike, findDifference } from "./difference.ts";
import { IndexSet } from "./index_set.ts";
import {
  areAllOf,
  areMostlyOf,
  beginLike,
  FIRST_ROWS,
  keysOf,
} from "./row_keys.ts";
import { keptRows, type SentDelivery } from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

/** Fewest equal rows that make a file of another name a correction. */
const MIN_KEPT_ROWS = 5;
/** A corrected row may be anything up to the largest bet, with quotes. */
const MAX_ROW_CHANGE_BYTES = 4096;
/** It may come or go when a program saves the file, as line ends do. */
const BYTE_ORDER_MARK_BYTES = 3;

export interface Correction {
  /** The delivery that this file is, with corrections. */
  found: SentDelivery | undefined;
  /** The delivery whose refused rows this file holds. */
  origin: SentDelivery | undefined;
}

/**
 * Throws a `ProgramError` if rows of the file were sent before, and it is not a
 * correction in the one place for it.
 */
export async function findCorrection(
  file: DeliveredFile,
  path: string | undefined,
  folder: SentFolder,
): Promise<Correction> {
  const last = path === undefined ? undefined : await folder.idOf(path);
  const named = last === undefined ? undefined : folder.withId(last);
  const candidates = folder.correctable();
  const isCopy = (one: SentDelivery | undefined) =>
    path !== undefined && one?.copies?.[path] !== undefined;
  const copied = isCopy(named) ? named : candidates.find(isCopy);
  const before = named === copied ? undefined : named;
  const corrected = await isCorrected(file, before) ? before : undefined;
  const version = corrected ? undefined : await findVersion(
    file,
    candidates.filter(({ id }) => id !== before?.id),
  );
  const found = corrected ?? (version?.isSure ? version.delivery : undefined);
  // Only a new delivery gets an origin, so that there are no circles.
  // A copy's path may hold another copy's rows.
  const likely = copied ? [copied, ...candidates] : candidates;
  const origin = found ? undefined : await findOrigin(file, likely) ?? copied;
  let own = found?.id;
  let one = found ?? origin;
  if (origin && await isRest(file, origin)) own = origin.id;
  // A copy's rows may be copied once more.
  while (one) {
    throwIfCorrectedElsewhere(file.source, one, { own, folder });
    own = one.id;
    one = one.origin === undefined ? undefined : folder.withId(one.origin);
  }
  if (!found && version) throw mayBe(file.source, version);
  if (!found && !origin) await throwIfCutOff(file, candidates);
  return { found, origin };
}

/**
 * True if the file last sent from the same path was corrected. Throws a
 * `ProgramError` if it was changed in another way.
 */
async function isCorrected(
  { source, openReader }: DeliveredFile,
  before: SentDelivery | undefined,
): Promise<boolean> {
  if (!before || keptRows(before) === 0) return false;
  const difference = await findDifference(openReader, before);
  if (difference === undefined) return true;
  throw new ProgramError(
    `Cannot send agency's file "${source.path}": ${
      before.isComplete ? "it" : "a part of it"
    } was sent on ${before.at}, and ${difference}; send only what is new as a file of its own, or all of it as a new delivery with --as-new`,
  );
}

/** A delivery that was sent under another name, with changes. */
interface Version {
  delivery: SentDelivery;
  /** `undefined` if only refused rows were changed. */
  difference: string | undefined;
  isSure: boolean;
}

/** The file may have been moved, or saved under another name. */
async function findVersion(
  { source, openReader }: DeliveredFile,
  others: readonly SentDelivery[],
): Promise<Version | undefined> {
  for (const delivery of others) {
    if (!isSimilar(delivery, source)) continue;
    // There may be thousands of others.
    if (!await beginsAlike(openReader, delivery)) continue;
    const difference = await findDifference(openReader, delivery);
    const isSure = difference === undefined && hasEnoughKept(delivery);
    return { delivery, difference, isSure };
  }
  return undefined;
}

function mayBe(
  { path }: SourceFile,
  { delivery, difference }: Version,
): ProgramError {
  const how = delivery.path === undefined
    ? "send what is corrected by itself"
    : "send it under that name";
  return new ProgramError(
    `Cannot send agency's file "${path}": it may be ${
      nameOf(delivery.path)
    }, sent on ${delivery.at}, ${
      difference === undefined ? "with corrections" : `and ${difference}`
    }; ${how}, or all as a new delivery with --as-new`,
  );
}

/** Throws a `ProgramError` if a part of the file may have been sent before. */
async function throwIfCutOff(
  { source, openReader }: DeliveredFile,
  candidates: readonly SentDelivery[],
): Promise<void> {
  const cutOff = candidates.filter((one) => one.firstRows !== undefined);
  if (cutOff.length === 0) return;
  const rows = await keysOf(openReader, FIRST_ROWS);
  const like = cutOff.find(({ firstRows }) => beginLike(rows, firstRows!));
  if (!like) return;
  throw new ProgramError(
    `Cannot send agency's file "${source.path}": it may be ${
      nameOf(like.path)
    }, a part of which was sent on ${like.at}; send that as it was, or all as a new delivery with --as-new`,
  );
}

/** Finds a delivery by the rows themselves: its copy may have any name. */
async function findOrigin(
  { openReader }: DeliveredFile,
  candidates: readonly SentDelivery[],
): Promise<SentDelivery | undefined> {
  const withKeys = candidates.filter(({ keys }) => keys !== undefined);
  if (withKeys.length === 0) return undefined;
  const rows = await keysOf(openReader);
  return withKeys.find(({ keys }) => areMostlyOf(rows, Object.values(keys!)));
}

/**
 * True if a file is the copy of the rows that are left after others were
 * corrected in their own file.
 */
async function isRest(
  { openReader }: DeliveredFile,
  { id, refused, keys = {}, correctedIn, begunAt, correction }: SentDelivery,
): Promise<boolean> {
  if (correctedIn?.id !== id) return false;
  if (begunAt !== undefined || correction !== undefined) return false;
  const left = IndexSet.parse(refused);
  const rest = Object.entries(keys).filter(([index]) =>
    left.has(Number(index))
  );
  return left.size === rest.length &&
    areAllOf(await keysOf(openReader), rest.map(([, key]) => key));
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
function hasEnoughKept(delivery: SentDelivery): boolean {
  const kept = keptRows(delivery);
  return kept >= MIN_KEPT_ROWS && 2 * kept > delivery.records;
}

function throwIfCorrectedElsewhere(
  { path }: SourceFile,
  { correctedIn: place }: SentDelivery,
  { own, folder }: { own: string | undefined; folder: SentFolder },
): void {
  if (!place || place.id === own) return;
  if (!isStored(place.id, folder)) return;
  throw new ProgramError(
    `Cannot send agency's file "${path}": some of its rows were corrected in ${
      nameOf(place.path)
    } and sent, and would be stored twice; correct the others there, too${
      own === undefined ? ", or send other bets with --as-new" : ""
    }`,
  );
}

/** Whether rows of a delivery are stored, under its identity or a copy's. */
function isStored(id: string, folder: SentFolder): boolean {
  const there = folder.withId(id);
  if (!there || keptRows(there) > 0) return true;
  const copy = there.correctedIn?.id;
  return copy !== undefined && copy !== id && isStored(copy, folder);
}

/** How messages name what was sent. */
export function nameOf(path: string | undefined): string {
  return path ? `"${path}"` : "what came through a pipe";
}
