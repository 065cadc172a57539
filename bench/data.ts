// The agencies' files that are sent.

import type { AgencyFile } from "../tools/data/agency_files.ts";
import { type DataOptions, ensureData } from "../tools/data/make_data.ts";

/** Agencies that send at once. */
export const AGENCIES = 5;

/** The files sent in one run, one per agency. */
export interface DataSet {
  files: AgencyFile[];
  bets: number;
}

/** Loads a folder's files, and makes them if there are none. */
export async function loadData(options: DataOptions): Promise<DataSet> {
  const files = await ensureData(options);
  return { files, bets: files.reduce((sum, { bets }) => sum + bets, 0) };
}
