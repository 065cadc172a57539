/**
 * The agencies' files that are sent.
 *
 * @module
 */

import { join } from "node:path";
import type { AgencyFile } from "../tools/agency_files.ts";
import { ensureData, makeData } from "../tools/make_data.ts";
import { PROJECT_FOLDER } from "./programs.ts";

/** Agencies that send at once. */
export const AGENCIES = 5;

/** The files that are sent in one run. */
export interface DataSet {
  /** Name of the set, the first part of the names of its cases. */
  name: "real" | "made";
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

/** Unpacks the real data below a folder, or makes as much that looks like it. */
export async function realData(folder: string): Promise<DataSet> {
  const dir = join(folder, "real");
  await Deno.mkdir(dir, { recursive: true });
  for (const name of ARCHIVES) {
    try {
      const archive = join(PROJECT_FOLDER, name);
      await Deno.copyFile(archive, join(dir, "datasets.zip"));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      throw error;
    }
    return dataSet("real", "real data", await makeData({ dir, force: true }));
  }
  return dataSet(
    "real",
    "made data of the real size",
    await ensureData({ dir }),
  );
}

/**
 * Makes bets below a folder, unless an earlier sitting has. They are shared as
 * equally as `bets`, a multiple of {@linkcode AGENCIES}, allows.
 */
export async function madeData(
  folder: string,
  bets: number,
): Promise<DataSet> {
  const dir = join(folder, `made-${bets}`);
  const options = { dir, bets, agencies: AGENCIES, isEqual: true };
  return dataSet("made", "made data", await ensureData(options));
}

function dataSet(
  name: DataSet["name"],
  title: string,
  files: AgencyFile[],
): DataSet {
  const bets = files.reduce((sum, file) => sum + file.bets, 0);
  return { name, title, files, bets };
}
