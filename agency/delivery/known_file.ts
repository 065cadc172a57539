// Identifies a file that may be related to earlier deliveries: it is new, was
// sent before, or corrects refused rows (docs/refused-rows.md).
//
// Most files are not related to any, so this module is loaded on demand.

import type { DeliveredFile } from "../delivered_file.ts";
import { shortHash } from "../hashes.ts";
import { sendError } from "../source/input_file.ts";
import { findCorrected, type RelatedDeliveries } from "./correction.ts";
import { Delivery } from "./delivery.ts";
import { RowFinder } from "./row_finder.ts";
import { findRowsAtPath } from "./rows_at_path.ts";
import { indexesOf, RowsOfOthers } from "./rows_of_others.ts";
import {
  type FoundRow,
  nameOf,
  newDelivery,
  type SentDelivery,
} from "./sent_delivery.ts";

/** `identify()` for a file that may be related to earlier deliveries. */
export async function identifyKnown(
  file: DeliveredFile,
  related: RelatedDeliveries,
  isNew: boolean,
): Promise<Delivery> {
  const { folder, path, same, copied } = related;
  const { fingerprint } = file.source;
  // Prefers the delivery whose run was stopped at this path to the latest one:
  // the clock may have been wrong.
  const stopped = same.find((one) =>
    one.path === path && isContinued(one, isNew)
  );
  const found = isNew
    ? stopped
    : stopped ?? same[0] ?? await findCorrected(file, related);
  const counter = 1 + Math.max(0, ...same.map(({ counter }) => counter));
  const id = counter > 1 && !found
    ? await shortHash(`${fingerprint}#${counter}`)
    : fingerprint;
  const isCopy = copied.length > 0 && !isNew || undefined;
  const entry = {
    ...found ?? { ...newDelivery(id, counter), isCopy },
    content: fingerprint,
    path: path ?? found?.path,
    isUnended: isNew || found?.isUnended,
  };
  const rows = found
    ? movedRows(found, new RowFinder(folder, []))
    : await rowsAtPath(file, related, isNew);
  if (!found && !isNew) await throwIfDoubtful(file, related, rows);
  const wanted = isNew && !found
    ? rows.filter(({ state }) => state === "missing")
    : rows;
  const others = new RowsOfOthers(folder, wanted);
  return new Delivery(folder, file, { found, entry, others });
}

/**
 * True if a run continues the delivery's last one, which was stopped. With
 * `isNew`, this is not so for a run that only repeated a complete delivery.
 */
function isContinued(
  { begunAt, isComplete, isUnended }: SentDelivery,
  isNew: boolean,
): boolean {
  return isUnended || begunAt !== undefined && !(isNew && isComplete);
}

/**
 * Throws if a row looks like a refused one of another file: it may be that row
 * or another bet.
 */
async function throwIfDoubtful(
  file: DeliveredFile,
  { folder, path, candidates }: RelatedDeliveries,
  rows: readonly FoundRow[],
): Promise<void> {
  const own = indexesOf(rows);
  const finder = new RowFinder(folder, candidates);
  const row = await finder.findDoubtful(file, own);
  if (!row) return;
  const delivery = folder.withId(row.identity[0]);
  const where = nameOf(delivery?.path);
  const isHere = path !== undefined && delivery?.path === path;
  const what = row.state !== "missing"
    ? `was refused before and sent from ${where}; remove it here`
    : isHere
    ? "cannot be matched to a row that was refused here before; correct it in the copy of the refused rows"
    : `was refused in ${where}; correct it there, or in the copy of its refused rows`;
  throw sendError(
    file.source.path,
    `the bet of line ${row.line} ${what}, or send this file with --as-new if that is another bet`,
  );
}

/** A known delivery's refused rows that were sent in other files. */
function movedRows(delivery: SentDelivery, finder: RowFinder): FoundRow[] {
  const { id, moved, keys } = delivery;
  return Object.keys(moved).map(Number).map((index) => {
    const identity = finder.follow([id, index]);
    return {
      index,
      identity,
      state: finder.stateOf(identity),
      key: keys[index],
    };
  }).filter(({ identity: [to] }) => to !== id);
}

/**
 * Other deliveries' refused rows that a file has because of its path: it is a
 * copy of them, or all rows of the last delivery from this path were refused.
 */
async function rowsAtPath(
  file: DeliveredFile,
  { folder, path, candidates, copied, last }: RelatedDeliveries,
  isNew: boolean,
): Promise<readonly FoundRow[]> {
  if (path === undefined) return [];
  const origins = copied.length > 0
    ? copied
    : candidates.filter(({ id }) => id === last);
  const [delivery] = origins;
  if (!delivery) return [];
  const { rows, unmatchedLine } = await findRowsAtPath(
    file,
    new RowFinder(folder, origins),
    { delivery, copied: delivery.copies[path] },
  );
  if (unmatchedLine === undefined || isNew) return rows;
  const where = copied.length > 0
    ? `in ${nameOf(delivery.path)}; correct it there`
    : "here before; correct it in the copy of the refused rows";
  throw sendError(
    file.source.path,
    `the bet of line ${unmatchedLine} cannot be matched to a row that was refused ${where}, or send this file with --as-new if it is another bet`,
  );
}
