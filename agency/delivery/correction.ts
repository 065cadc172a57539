// Whether a file that is new is a delivery that was sent before, with refused
// rows corrected in their places.

import { ProgramError } from "../../program/errors.ts";
import { formatAction, getLogger } from "../../program/logging.ts";
import type { DeliveredFile } from "../delivered_file.ts";
import type { SourceFile } from "../source/source_file.ts";
import { beginsAlike, findDifference } from "./difference.ts";
import { keptRows, type SentDelivery } from "./sent_delivery.ts";
import type { SentFolder } from "./sent_folder.ts";

/** Fewest equal rows that make a file of another name a correction. */
const MIN_KEPT_ROWS = 5;
/**
 * Throws a `ProgramError` if rows of the file were sent before, and others than
 * the refused ones have changed.
 */
export async function findCorrected(
  file: DeliveredFile,
  path: string | undefined,
  { folder, candidates }: {
    folder: SentFolder;
    candidates: readonly SentDelivery[];
  },
): Promise<SentDelivery | undefined> {
  const last = path === undefined ? undefined : await folder.idOf(path);
  const named = last === undefined ? undefined : folder.withId(last);
  const before = named?.copies?.[path!] === undefined ? named : undefined;
  if (before && keptRows(before) > 0) {
    const difference = await findDifference(file.openReader, before);
    if (difference === undefined) return before;
    // Each row of a copy is known by itself.
    const isCopy = candidates.some(({ copies }) => copies?.[path!]);
    if (!isCopy || !(before.isComplete || before.isPart)) {
      throw changed(file.source, before, difference);
    }
  }
  return await findVersion(file, candidates);
}

function changed(
  { path }: SourceFile,
  { isComplete, at }: SentDelivery,
  difference: string,
): ProgramError {
  const what = isComplete
    ? `it was sent on ${at}, and ${difference}; send only what is new as a file of its own, or all of it as a new delivery with --as-new`
    : `a part of it may be stored since ${at}, and ${difference}; put it back as it was, send it to its end and only then correct it, or send all of it as a new delivery with --as-new`;
  return new ProgramError(`Cannot send agency's file "${path}": ${what}`);
}

/**
 * The file may have been moved, or saved under another name. Throws a
 * `ProgramError` if that is not sure.
 */
async function findVersion(
  { source, openReader }: DeliveredFile,
  candidates: readonly SentDelivery[],
): Promise<SentDelivery | undefined> {
  // Each row of a copy is known by itself.
  for (const delivery of candidates.filter(({ isPart }) => !isPart)) {
    // There may be thousands.
    if (!await beginsAlike(openReader, delivery)) continue;
    const difference = await findDifference(openReader, delivery);
    if (difference !== undefined || !hasEnoughKept(delivery)) {
      throw mayBe(source, delivery, difference);
    }
    getLogger().info(formatAction("find_delivery", "success", {
      file: source.path,
      reason: `it is ${nameOf(delivery.path)} with corrections`,
      since: delivery.at,
    }));
    return delivery;
  }
  return undefined;
}

function mayBe(
  { path }: SourceFile,
  delivery: SentDelivery,
  difference: string | undefined,
): ProgramError {
  const how = difference === undefined && delivery.path !== undefined
    ? "send it under that name"
    : delivery.isComplete
    ? "send only what is new as a file of its own"
    : "first send that to its end, as it was, and only then correct it";
  const sent = delivery.isComplete
    ? ", sent on"
    : ", of which a part may be stored since";
  return new ProgramError(
    `Cannot send agency's file "${path}": it may be ${
      nameOf(delivery.path)
    }${sent} ${delivery.at}, and ${
      difference ?? "it has corrections"
    }; ${how}, or all of it as a new delivery with --as-new`,
  );
}

/** With few equal rows it may be another file. */
function hasEnoughKept(delivery: SentDelivery): boolean {
  const kept = keptRows(delivery);
  return kept >= MIN_KEPT_ROWS && 2 * kept > delivery.records;
}

/** How messages name what was sent. */
export function nameOf(path: string | undefined): string {
  return path ? `"${path}"` : "what came through a pipe";
}
