// Creates a folder's agencies' files: unpacks them from the course's archive if
// it is there, else makes them.

import { join } from "node:path";
import {
  type AgencyFile,
  agencyOf,
  findAgencies,
  measure,
  writeTogether,
} from "./agency_files.ts";
import { madeAgency, REAL_SIZES, shares, winnersOf } from "./made_bets.ts";
import { ZipArchive } from "./zip.ts";

/** {@linkcode AgencyFile.from} of a made file. */
export const FROM_GENERATOR = "the generator";

/** {@linkcode AgencyFile.from} of a file that existed before. */
export const FROM_BEFORE = "an earlier run";

export const REAL_TOTAL: number = REAL_SIZES.reduce((sum, one) => sum + one);

const ARCHIVE_NAMES = ["datasets.zip", "dataset.zip"];

export interface DataOptions {
  /** Created if it is missing. */
  dir: string;
  /** Bets of all agencies. Ignored with an archive. Default: 78,697. */
  bets?: number;
  /** Ignored with an archive. Default: 5. */
  agencies?: number;
  /** Gives five agencies the same number of bets, not the real proportions. */
  isEqual?: boolean;
  /**
   * Overwrites existing files. Agencies' files that are not in the new set are
   * removed, so that two sets never mix.
   */
  force?: boolean;
}

/**
 * Unpacks or makes the agencies' files, and returns them sorted by agency.
 * Changes no existing file before all new ones are complete on disk. Throws
 * `SyntaxError` if the archive is corrupt or has no agency. Throws `RangeError`
 * if the bets or agencies are out of range. Throws `Deno.errors.AlreadyExists`
 * if there is no archive, the folder has agencies' files and `force` is not
 * set.
 */
export async function makeData(options: DataOptions): Promise<AgencyFile[]> {
  const { dir, force = false } = options;
  await Deno.mkdir(dir, { recursive: true });
  const archive = await openArchive(dir);
  const before = await findAgencies(dir);
  if (archive === null && before.length > 0 && !force) {
    const state = `"${before[0]?.path}" is there, of ${before.length} in all`;
    throw new Deno.errors.AlreadyExists(
      `Cannot make the data: ${state}; --force replaces the whole set`,
    );
  }
  const files = archive === null
    ? madeFiles(options)
    : unpackedFiles(archive, dir);
  await writeTogether(files);
  if (force) {
    for (const { path } of before) {
      if (!files.has(path)) await Deno.remove(path);
    }
  }
  const described = await describeFiles(dir, archive?.path ?? FROM_GENERATOR);
  return described.filter(({ path }) => files.has(path));
}

/** Returns the agencies' files, and makes them only if there are none. */
export async function ensureData(options: DataOptions): Promise<AgencyFile[]> {
  const files = await describeFiles(options.dir, FROM_BEFORE);
  return files.length > 0 ? files : await makeData(options);
}

async function describeFiles(dir: string, from: string): Promise<AgencyFile[]> {
  const files: AgencyFile[] = [];
  for (const found of await findAgencies(dir)) {
    files.push({ ...found, ...await measure(found.path), from });
  }
  return files;
}

/**
 * Returns the folder's archive if the files there are not unpacked from it, for
 * example because it arrived later.
 */
export async function unusedArchive(
  dir: string,
  files: readonly AgencyFile[],
): Promise<string | null> {
  const archive = await openArchive(dir);
  if (archive === null) return null;
  const sizes = new Map(
    agencyEntries(archive).map(({ agency, entry }) => [agency, entry.size]),
  );
  const isUnpacked = files.every(({ agency, bytes }) =>
    sizes.get(agency) === bytes
  );
  return isUnpacked ? null : archive.path;
}

/** Chunks of each file, by its path; made or unpacked when they are read. */
type FileChunks = Map<string, Iterable<Uint8Array>>;

function madeFiles(
  { dir, bets = REAL_TOTAL, agencies = REAL_SIZES.length, isEqual }:
    DataOptions,
): FileChunks {
  return new Map(
    shares(bets, agencies, isEqual).map((share, index) => {
      const agency = index + 1;
      const winners = winnersOf(agency, agencies);
      const path = join(dir, `agency-${agency}.csv`);
      return [path, madeAgency(agency, share, { winners })];
    }),
  );
}

interface Archive {
  path: string;
  zip: ZipArchive;
}

async function openArchive(dir: string): Promise<Archive | null> {
  for (const name of ARCHIVE_NAMES) {
    const path = join(dir, name);
    try {
      return { path, zip: new ZipArchive(await Deno.readFile(path), path) };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return null;
}

interface AgencyEntry {
  agency: number;
  name: string;
  entry: ZipArchive["entries"][number];
}

function agencyEntries({ zip }: Pick<Archive, "zip">): AgencyEntry[] {
  return zip.entries.flatMap((entry) => {
    // Only the name counts, so no entry is written outside the folder.
    const folders = entry.name.split(/[/\\]/);
    const name = folders.pop() ?? "";
    const agency = agencyOf(name);
    // macOS stores a file's attributes there, under the file's name.
    return agency === null || folders.includes("__MACOSX")
      ? []
      : [{ agency, name, entry }];
  });
}

function unpackedFiles({ path: from, zip }: Archive, dir: string): FileChunks {
  const files: FileChunks = new Map();
  const agencies = new Set<number>();
  for (const { agency, name, entry } of agencyEntries({ zip })) {
    if (agencies.has(agency)) {
      throw new SyntaxError(
        `Cannot unpack "${entry.name}" of "${from}": agency ${agency} is listed twice`,
      );
    }
    agencies.add(agency);
    files.set(join(dir, name), unpacked(zip, entry));
  }
  if (files.size > 0) return files;
  throw new SyntaxError(
    `Cannot unpack "${from}": it has no file named like "agency-1.csv"`,
  );
}

function* unpacked(
  zip: ZipArchive,
  entry: AgencyEntry["entry"],
): Generator<Uint8Array> {
  yield zip.read(entry);
}
