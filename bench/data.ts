/**
 * The agencies' files that are sent.
 *
 * @module
 */

import { join } from "node:path";
import type { AgencyFile } from "../tools/agency_files.ts";
import { PROJECT_FOLDER } from "../tools/demo/task_process.ts";
import { ensureData, makeData } from "../tools/make_data.ts";

/** Agencies that send at once. */
export const AGENCIES = 5;

/** The sets, whose names begin the names of their cases. */
export const SET_NAMES = ["real", "made"] as const;

/** The files that are sent in one run. */
export interface DataSet {
  /** Name of the set. */
  name: typeof SET_NAMES[number];
  /** What it is, for people. */
  title: string;
  /** The files, by agency. */
  files: AgencyFile[];
  /** Bets of all files. */
  bets: number;
}

const ARCHIVES = [
  ".data/datasets.zip",
  ".data/dataset.zip",
  "../shared/data/datasets.zip",
];

/**
 * Puts a set below a folder, unless an earlier sitting has. Of the made set every
 * agency gets the same part of `bets`, a multiple of {@linkcode AGENCIES}. Where
 * the archive of the real set is not found, as much is made that looks like it.
 */
export async function loadData(
  name: DataSet["name"],
  folder: string,
  bets: number,
): Promise<DataSet> {
  if (name === "made") {
    const dir = join(folder, `made-${bets}`);
    const options = { dir, bets, agencies: AGENCIES, isEqual: true };
    return dataSet(name, "made data", await ensureData(options));
  }
  const dir = join(folder, "real");
  return await copyArchive(dir)
    ? dataSet(name, "real data", await makeData({ dir, force: true }))
    : dataSet(name, "made data of the real size", await ensureData({ dir }));
}

async function copyArchive(dir: string): Promise<boolean> {
  await Deno.mkdir(dir, { recursive: true });
  for (const name of ARCHIVES) {
    try {
      const archive = join(PROJECT_FOLDER, name);
      await Deno.copyFile(archive, join(dir, "datasets.zip"));
      return true;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return false;
}

function dataSet(
  name: DataSet["name"],
  title: string,
  files: AgencyFile[],
): DataSet {
  const bets = files.reduce((sum, file) => sum + file.bets, 0);
  return { name, title, files, bets };
}
