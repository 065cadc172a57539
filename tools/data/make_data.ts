// Creates a folder's agencies' files: unpacks them from the course's archive if
// it is there, else makes them.

import { join } from "node:path";
import { crc32 } from "node:zlib";
import {
  type AgencyFile,
  agencyOf,
  describeAgencies,
  writeTogether,
} from "./agency_files.ts";
import { madeAgency, REAL_SIZES, shares, winnersOf } from "./made_bets.ts";
import { ZipArchive, type ZipEntry } from "./zip.ts";

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
  /**
   * Number of agencies, all with the same number of bets. Ignored with an
   * archive. Default: 5, in the proportions of the real set.
   */
  agencies?: number;
  /**
   * Overwrites existing files. Agencies' files that are not in the new set are
   * removed, so that two sets never mix.
   */
  force?: boolean;
}

/**
 * Unpacks or makes the agencies' files, and returns them sorted by agency.
 * Changes no existing file before all new ones are complete on disk. Throws
 * `SyntaxError` if the archive is corrupt or has no agency. Throws
 * `Deno.errors.AlreadyExists` if the folder has agencies' files that are not
 * the archive's and `force` is not set: they may be the user's.
 */
export async function makeData(options: DataOptions): Promise<AgencyFile[]> {
  const { dir, force = false } = options;
  await Deno.mkdir(dir, { recursive: true });
  const archive = await openArchive(dir);
  const before = await describeAgencies(dir, FROM_BEFORE);
  const isNew = archive === null || !await areUnpacked(archive, before);
  if (isNew && before.length > 0 && !force) {
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
  const all = await describeAgencies(dir, archive?.path ?? FROM_GENERATOR);
  return all.filter(({ path }) => files.has(path));
}

/** Returns the agencies' files, and makes them only if there are none. */
export async function ensureData(options: DataOptions): Promise<AgencyFile[]> {
  const files = await describeAgencies(options.dir, FROM_BEFORE);
  return files.length > 0 ? files : await makeData(options);
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
  return await areUnpacked(archive, files) ? null : archive.path;
}

/** True if each of the files has the content that it has in the archive. */
async function areUnpacked(
  { agencies }: Archive,
  files: readonly AgencyFile[],
): Promise<boolean> {
  const entries = new Map(
    agencies.map(({ agency, entry }) => [agency, entry]),
  );
  for (const { agency, path, bytes } of files) {
    const entry = entries.get(agency);
    if (entry?.size !== bytes) return false;
    if (entry.crc !== crc32(await Deno.readFile(path))) return false;
  }
  return true;
}

/** Chunks of each file, by its path; made ones are made when they are read. */
type FileChunks = Map<string, Iterable<Uint8Array>>;

function madeFiles(
  { dir, bets = REAL_TOTAL, agencies }: DataOptions,
): FileChunks {
  const weights = agencies === undefined
    ? REAL_SIZES
    : Array<number>(agencies).fill(1);
  return new Map(
    shares(bets, weights).map((share, index) => {
      const agency = index + 1;
      const winners = winnersOf(agency, weights.length);
      const path = join(dir, `agency-${agency}.csv`);
      return [path, madeAgency(agency, share, { winners })];
    }),
  );
}

interface Archive {
  path: string;
  zip: ZipArchive;
  agencies: AgencyEntry[];
}

interface AgencyEntry {
  agency: number;
  name: string;
  entry: ZipEntry;
}

async function openArchive(dir: string): Promise<Archive | null> {
  for (const name of ARCHIVE_NAMES) {
    const path = join(dir, name);
    try {
      const zip = new ZipArchive(await Deno.readFile(path), path);
      return { path, zip, agencies: zip.entries.flatMap(agencyEntry) };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return null;
}

function agencyEntry(entry: ZipEntry): AgencyEntry[] {
  // Only the name counts, so no entry is written outside the folder.
  const folders = entry.name.split(/[/\\]/);
  const name = folders.pop() ?? "";
  const agency = agencyOf(name);
  // macOS stores a file's attributes there, under the file's name.
  const isAgency = agency !== null && !folders.includes("__MACOSX");
  return isAgency ? [{ agency, name, entry }] : [];
}

function unpackedFiles(archive: Archive, dir: string): FileChunks {
  const { path, zip, agencies } = archive;
  if (agencies.length === 0) {
    throw new SyntaxError(
      `Cannot unpack "${path}": it has no file named like "agency-1.csv"`,
    );
  }
  const seen = new Set<number>();
  return new Map(agencies.map(({ agency, name, entry }) => {
    if (seen.has(agency)) {
      throw new SyntaxError(
        `Cannot unpack "${entry.name}" of "${path}": agency ${agency} is listed twice`,
      );
    }
    seen.add(agency);
    return [join(dir, name), [zip.read(entry)]];
  }));
}
