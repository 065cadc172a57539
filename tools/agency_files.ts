/**
 * The agencies' files in a folder: their names, what is in them, and writing a
 * new set of them so that nobody sees half of it.
 *
 * @module
 */

const AGENCY_FILE_REGEXP = /^agency-(\d+)\.csv$/;
const NEWLINE = 0x0a;

/** One agency's file of bets. */
export interface AgencyFile {
  /** Number of the agency, from the name of the file. */
  agency: number;
  /** The file, under the folder as it was given. */
  path: string;
  /** Rows of the file. */
  bets: number;
  /** Size of the file, in bytes. */
  bytes: number;
  /** Where it came from, for people: the archive's path, or a few words. */
  from: string;
}

/**
 * Reads the number of an agency from the name of its file.
 *
 * @param name Name of a file, without folders.
 * @returns The number, or null if it is not the name of an agency's file.
 */
export function agencyOf(name: string): number | null {
  const digits = AGENCY_FILE_REGEXP.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

/**
 * Joins a folder and the name of a file in it.
 *
 * @param dir The folder, with a final slash or without.
 * @param name Name of the file.
 * @returns The path of the file.
 */
export function pathIn(dir: string, name: string): string {
  return dir.endsWith("/") ? dir + name : `${dir}/${name}`;
}

/**
 * Finds the agencies' files of a folder.
 *
 * @param dir The folder; it may not be there.
 * @returns Number and path of each, by number of agency.
 */
export async function findAgencies(
  dir: string,
): Promise<Pick<AgencyFile, "agency" | "path">[]> {
  const found: Pick<AgencyFile, "agency" | "path">[] = [];
  try {
    for await (const { name } of Deno.readDir(dir)) {
      const agency = agencyOf(name);
      if (agency !== null) found.push({ agency, path: pathIn(dir, name) });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort((a, b) => a.agency - b.agency);
}

/**
 * Counts the rows and bytes of a file.
 *
 * @param chunks The bytes of the file; a last row without its end counts.
 * @returns How many bets, one a row, and how many bytes.
 */
export async function measure(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Pick<AgencyFile, "bets" | "bytes">> {
  let bets = 0;
  let bytes = 0;
  let last = NEWLINE;
  for await (const chunk of chunks) {
    for (
      let at = chunk.indexOf(NEWLINE);
      at >= 0;
      at = chunk.indexOf(NEWLINE, at + 1)
    ) {
      bets++;
    }
    bytes += chunk.length;
    last = chunk.at(-1) ?? last;
  }
  return { bets: last === NEWLINE ? bets : bets + 1, bytes };
}

/**
 * Files written under other names until all of them are whole. Those never
 * committed are removed when it is disposed of.
 */
export class StagedFiles {
  /** Path wanted for each file, by the one it has meanwhile. */
  readonly #wanted = new Map<string, string>();

  /**
   * Writes a file beside where it will be.
   *
   * @param path Where it will be.
   * @param chunks What is in it.
   * @returns Its size, in bytes.
   */
  async write(path: string, chunks: Iterable<Uint8Array>): Promise<number> {
    // Always the same name, so that what a killed run left is written over.
    const temporary = `${path}.part`;
    this.#wanted.set(temporary, path);
    await Deno.writeFile(temporary, ReadableStream.from(chunks));
    return (await Deno.stat(temporary)).size;
  }

  /** Puts all the files where they were wanted, over those there. */
  async commit(): Promise<void> {
    for (const [temporary, path] of this.#wanted) {
      await Deno.rename(temporary, path);
      this.#wanted.delete(temporary);
    }
  }

  /** Removes the files that were not committed. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const temporary of this.#wanted.keys()) {
      try {
        await Deno.remove(temporary);
      } catch (error) {
        // It could not even be created, which is the error already thrown.
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    this.#wanted.clear();
  }
}
