/**
 * The agencies' files that are sent.
 *
 * @module
 */

import { join } from "node:path";
import { writeLine } from "../program/logging.ts";
import type { AgencyFile } from "../tools/agency_files.ts";
import { PROJECT_FOLDER } from "../tools/demo/task_process.ts";
import { ensureData, makeData } from "../tools/make_data.ts";

/** Agencies that send at once. */
export const AGENCIES = 5;

/** The sets, whose names begin the names of their cases. */
export const SET_NAMES = ["real", "made"] as const;

/** The files that are sent in one run, one for each agency. */
export interface DataSet {
  name: typeof SET_NAMES[number];
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
    return dataSet(name, await ensureData(options));
  }
  const dir = join(folder, "real");
  if (await copyArchive(dir)) {
    return dataSet(name, await makeData({ dir, force: true }));
  }
  writeLine(Deno.stderr, `real: no ${ARCHIVES[0]}, so as many bets are made`);
  return dataSet(name, await ensureData({ dir }));
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

function dataSet(name: DataSet["name"], files: AgencyFile[]): DataSet {
  return { name, files, bets: files.reduce((sum, { bets }) => sum + bets, 0) };
}
