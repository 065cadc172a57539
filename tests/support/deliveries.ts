// Deliveries of one agency's files, as its memory knows them.

import { openFile } from "../../agency/delivered_file.ts";
import { identify } from "../../agency/delivery/identify.ts";
import { IndexSet } from "../../agency/index_set.ts";
import { SentFolder } from "../../agency/delivery/sent_folder.ts";
import { hashOf } from "../../agency/output/output_file.ts";
import { csvOf, rows } from "./rows.ts";

export const ROWS = rows(6);
/** Row 2 has no document. */
export const WITH_BAD = csvOf(ROWS.with(2, ROWS[2]!.with(2, "x")));
export const CORRECTED = csvOf(ROWS);

/** How a text is sent. */
export interface Sending {
  name?: string;
  refused?: readonly number[];
  /** Text of the copy that is written. */
  copy?: string;
  /** Whether the name is that of a named pipe. */
  isPipe?: boolean;
  isNew?: boolean;
  isCut?: boolean;
  agency?: number;
  separator?: string;
}

/** The copy of the refused rows. */
export const COPY = "a.csv.rejected.csv";

/** Sends a text, of which some rows are refused, and returns its identity. */
export async function send(
  dir: string,
  text: string,
  {
    name = "a.csv",
    refused = [],
    copy,
    isPipe = false,
    isNew = false,
    isCut = false,
    agency = 1,
    separator = ",",
  }: Sending = {},
): Promise<string> {
  const path = `${dir}/${name}`;
  const written = Deno.writeTextFile(path, text);
  // A named pipe takes nothing until it is read.
  if (!isPipe) await written;
  using file = await openFile(path, { separator });
  await written;
  const folder = new SentFolder(`${dir}/sent`, agency);
  const delivery = await identify(file, folder, isNew);
  await delivery.begin();
  const indexes = new IndexSet();
  for (const index of refused) indexes.add(index);
  const records = text.trimEnd().split("\n").length;
  if (isCut) return delivery.id;
  const missing = delivery.missing(indexes);
  if (missing.size < indexes.size) delivery.keep();
  else await delivery.complete({ end: records, records }, indexes);
  if (copy !== undefined) {
    const path = `${dir}/${COPY}`;
    await Deno.writeTextFile(path, copy);
    await delivery.addCopy({ path, hash: await hashOf(path) }, missing);
  }
  return delivery.id;
}

/** The paths of the records beside the files. */
export async function recordsOf(dir: string): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(`${dir}/sent`));
  return names.filter(({ name }) => name.endsWith(".json"))
    .map(({ name }) => `${dir}/sent/${name}`);
}
