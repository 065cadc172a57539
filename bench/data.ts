// The agencies' files that are sent.

import { join } from "node:path";
import type { AgencyFile } from "../tools/data/agency_files.ts";
import { PROJECT_FOLDER } from "../tools/demo/task_process.ts";
import { ensureData } from "../tools/data/make_data.ts";

/** Agencies that send at once. */
export const AGENCIES = 5;

/** Prefixes of the cases' names. */
export const SET_NAMES = ["real", "made"] as const;

/** The files sent in one run, one per agency. */
export interface DataSet {
  name: typeof SET_NAMES[number];
  files: AgencyFile[];
  bets: number;
}

/**
 * Loads the agencies' files from `.data`, as the demo does, or makes this many
 * bets below a folder, unless that was done before. Each agency gets the same
 * number.
 */
export async function loadData(
  name: DataSet["name"],
  folder: string,
  bets: number,
): Promise<DataSet> {
  const dir = join(folder, `made-${bets}`);
  const made = { dir, bets, agencies: AGENCIES };
  const real = { dir: join(PROJECT_FOLDER, ".data") };
  const files = await ensureData(name === "made" ? made : real);
  return { name, files, bets: files.reduce((sum, { bets }) => sum + bets, 0) };
}
