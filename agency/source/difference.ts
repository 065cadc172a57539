// Describes how a file differs from the content that was sent of it before.

import type { DeliveredFile } from "../delivered_file.ts";
import { everyRecord } from "../every_record.ts";
import type { IndexSet } from "../index_set.ts";
import { DigestWriter, type RecordDigests } from "./record_digests.ts";

/** What is known of the content that was sent. */
interface SentContent {
  isComplete: boolean;
  records: number;
  refused: IndexSet;
  digests?: RecordDigests | undefined;
}

/**
 * Describes, as the end of a sentence, where a file differs from a delivery,
 * apart from refused rows. Returns `undefined` if only refused rows differ.
 */
export async function findDifference(
  file: DeliveredFile,
  { isComplete, records, refused, digests }: SentContent,
): Promise<string | undefined> {
  if (!isComplete) return "it was changed since";
  const { every, values } = digests ?? { every: 1, values: undefined };
  const writer = new DigestWriter(every, refused);
  const lines: number[] = [];
  let unsendable: number | undefined;
  let count = 0;
  await everyRecord(file, (reader, step) => {
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
