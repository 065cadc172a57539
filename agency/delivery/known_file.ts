// Which delivery a file is that may be known: new, sent before, or a correction
// of a delivery with refused rows (docs/refused-rows.md).
//
// Most files are not known, so this and what it imports is loaded on demand.

import type { DeliveredFile } from "../delivered_file.ts";
import { shortHash } from "../hashes.ts";
import { sendError } from "../source/input_file.ts";
import { findCorrected, type Known } from "./correction.ts";
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

/** Does what `identify()` promises for a file that may be known. */
export async function identifyKnown(
  file: DeliveredFile,
  known: Known,
  isNew: boolean,
): Promise<Delivery> {
  const { folder, path, same, copied } = known;
  const { fingerprint } = file.source;
  // What was cut off goes on, whatever the clock said then.
  const underWay = same.find((one) =>
    one.begunAt !== undefined && one.path === path &&
    !(isNew && one.isComplete)
  );
  const found = isNew || same.length > 0
    ? underWay ?? (isNew ? undefined : same[0])
    : await findCorrected(file, known);
  const copy = 1 + Math.max(0, ...same.map(({ copy }) => copy));
  const id = copy > 1 && !found
    ? await shortHash(`${fingerprint}#${copy}`)
    : fingerprint;
  const isPart = copied.length > 0 && !isNew || undefined;
  const entry = {
    ...found ?? { ...newDelivery(id, copy), isPart },
    content: fingerprint,
    path: path ?? found?.path,
  };
  const rows = found
    ? movedRows(found, new RowFinder(folder, []))
    : await rowsAtPath(file, known, isNew);
  if (!found && !isNew) await throwIfDoubtful(file, known, rows);
  const wanted = isNew ? rows.filter(({ state }) => state === "missing") : rows;
  const others = new RowsOfOthers(folder, wanted);
  return new Delivery(folder, file, { found, entry, others });
}

/** What looks like a refused row of another file may be that, or another bet. */
async function throwIfDoubtful(
  file: DeliveredFile,
  { folder, path, candidates }: Known,
  rows: readonly FoundRow[],
): Promise<void> {
  const own = indexesOf(rows);
  const finder = new RowFinder(folder, candidates);
  const row = await finder.findDoubtful(file, own);
  if (!row) return;
  const delivery = folder.withId(row.place[0]);
  const where = nameOf(delivery?.path);
  const isHere = path !== undefined && delivery?.path === path;
  const what = row.state !== "missing"
    ? `was refused before and sent from ${where}; remove it here`
    : isHere
    ? "is not surely one that was refused here before; correct it in the copy of its refused rows"
    : `was refused in ${where}; correct it there, or in the copy of its refused rows`;
  throw sendError(
    file.source.path,
    `the bet of line ${row.line} ${what}, or send this file with --as-new if that is another bet`,
  );
}

/** The refused rows of a known delivery that were sent elsewhere. */
function movedRows(delivery: SentDelivery, finder: RowFinder): FoundRow[] {
  const { id, moved, keys } = delivery;
  return Object.keys(moved).map(Number).map((index) => {
    const place = finder.follow([id, index]);
    return { index, place, state: finder.stateOf(place), key: keys[index] };
  }).filter(({ place: [to] }) => to !== id);
}

/**
 * The refused rows of other deliveries that a file has by its path: it is a copy
 * of them, or all rows that were sent from there before were refused.
 */
async function rowsAtPath(
  file: DeliveredFile,
  { folder, path, candidates, copied, last }: Known,
  isNew: boolean,
): Promise<readonly FoundRow[]> {
  if (path === undefined) return [];
  const origins = copied.length > 0
    ? copied
    : candidates.filter(({ id }) => id === last);
  const [delivery] = origins;
  if (!delivery) return [];
  const { rows, strangeLine } = await findRowsAtPath(
    file,
    new RowFinder(folder, origins),
    { delivery, copied: delivery.copies[path] },
  );
  if (strangeLine === undefined || isNew) return rows;
  const where = copied.length > 0
    ? `in ${nameOf(delivery.path)}; correct it there`
    : "here before; correct it in the copy of its refused rows";
  throw sendError(
    file.source.path,
    `the bet of line ${strangeLine} is not surely one that was refused ${where}, or send this file with --as-new if it is another bet`,
  );
}
