// Finds, measures and writes the agencies' files of a folder.

import { join } from "node:path";

const AGENCY_FILE_REGEXP = /^agency-(\d+)\.csv$/;
const NEWLINE = 0x0a;

export interface AgencyFile {
  agency: number;
  path: string;
  bets: number;
  bytes: number;
  /** Where it comes from: the archive's path, or a few words. */
  from: string;
}

/**
 * Returns the agency's id in a file name, or null if it is not an agency's
 * file.
 */
export function agencyOf(name: string): number | null {
  const digits = AGENCY_FILE_REGEXP.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** Describes a folder's files, sorted by id; none if the folder is missing. */
export async function describeAgencies(
  dir: string,
  from: string,
): Promise<AgencyFile[]> {
  const files: AgencyFile[] = [];
  try {
    for await (const { name } of Deno.readDir(dir)) {
      const agency = agencyOf(name);
      if (agency === null) continue;
      const path = join(dir, name);
      files.push({ agency, path, ...await measure(path), from });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return files.sort((a, b) => a.agency - b.agency);
}

/** Counts the bets and bytes of a file. The last row needs no line end. */
async function measure(
  path: string,
): Promise<Pick<AgencyFile, "bets" | "bytes">> {
  let bets = 0;
  let bytes = 0;
  let last = NEWLINE;
  for await (const chunk of (await Deno.open(path)).readable) {
    for (const byte of chunk) {
      if (byte === NEWLINE) bets++;
    }
    bytes += chunk.length;
    last = chunk.at(-1) ?? last;
  }
  return { bets: last === NEWLINE ? bets : bets + 1, bytes };
}

/**
 * Writes files under temporary names, and moves them to their paths once all
 * are complete. A failure changes nothing.
 */
export async function writeTogether(
  files: ReadonlyMap<string, Iterable<Uint8Array>>,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  for (const [path, chunks] of files) {
    const temporary = temporaryPath(path);
    // Once it is renamed, there is nothing to remove.
    stack.defer(() => Deno.remove(temporary).catch(() => {}));
    await Deno.writeFile(temporary, ReadableStream.from(chunks));
  }
  for (const path of files.keys()) await Deno.rename(temporaryPath(path), path);
}

/** Always the same, so that the next run overwrites what a killed one left. */
function temporaryPath(path: string): string {
  return `${path}.part`;
}
