/**
 * The agencies' files that are sent.
 *
 * @module
 */

import { join } from "node:path";
import { findAgencies, measure, StagedFiles } from "../tools/agency_files.ts";
import { madeAgency, winnersOf } from "../tools/made_bets.ts";
import { ensureData, makeData } from "../tools/make_data.ts";
import { PROJECT_FOLDER } from "./programs.ts";

/** Agencies that send at once. */
export const AGENCIES = 5;

/** One agency's file. */
export interface SentFile {
  /** The agency's id. */
  agency: number;
  /** The file, from the root. */
  path: string;
  /** Rows of the file. */
  bets: number;
}

/** The files that are sent in one run. */
export interface DataSet {
  /** Name of the set, the first part of the name of its cases. */
  name: "real" | "made";
  /** What it is, for people. */
  title: string;
  /** The files, by id. */
  files: SentFile[];
  /** Bets of all. */
  bets: number;
}

const ARCHIVES = [
  ".data/datasets.zip",
  ".data/dataset.zip",
  "../shared/data/datasets.zip",
];

/**
 * Finds the real data; where there is none, makes as much that looks like it.
 *
 * @param folder Where files that are unpacked or made are kept.
 * @returns The set.
 */
export async function realData(folder: string): Promise<DataSet> {
  const dir = join(folder, "real");
  await Deno.mkdir(dir, { recursive: true });
  for (const name of ARCHIVES) {
    const archive = join(PROJECT_FOLDER, name);
    if (!await exists(archive)) continue;
    await Deno.copyFile(archive, join(dir, "datasets.zip"));
    const files = await makeData({ dir, force: true });
    return dataSet("real", "real data", files);
  }
  const files = await ensureData({ dir });
  return dataSet("real", "made data of the real size", files);
}

/**
 * Makes bets, shared equally among the agencies, if an earlier sitting has not.
 *
 * @param folder Where they are kept.
 * @param bets How many in all, a multiple of {@linkcode AGENCIES}.
 * @returns The set.
 */
export async function madeData(
  folder: string,
  bets: number,
): Promise<DataSet> {
  const dir = join(folder, `made-${bets}`);
  await Deno.mkdir(dir, { recursive: true });
  const share = bets / AGENCIES;
  const agencies = Array.from({ length: AGENCIES }, (_, i) => i + 1);
  if ((await findAgencies(dir)).length < AGENCIES) {
    await using staged = new StagedFiles();
    for (const agency of agencies) {
      const winners = winnersOf(agency, AGENCIES);
      const chunks = madeAgency(agency, share, { winners });
      await staged.write(join(dir, `agency-${agency}.csv`), chunks);
    }
    await staged.commit();
  }
  const files = await Promise.all(
    (await findAgencies(dir)).map(async ({ agency, path }) => {
      const { readable } = await Deno.open(path);
      return { agency, path, ...await measure(readable) };
    }),
  );
  return dataSet("made", "made data", files);
}

function dataSet(
  name: DataSet["name"],
  title: string,
  files: readonly SentFile[],
): DataSet {
  return {
    name,
    title,
    files: files.map(({ agency, path, bets }) => ({ agency, path, bets })),
    bets: files.reduce((sum, { bets }) => sum + bets, 0),
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
