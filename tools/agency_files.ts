/**
 * Finds, measures and writes the agencies' files of a folder. Nobody sees a file
 * that is half written.
 *
 * @module
 */

import { join } from "node:path";

const AGENCY_FILE_REGEXP = /^agency-(\d+)\.csv$/;
const NEWLINE = 0x0a;

/** One agency's file of bets. */
export interface AgencyFile {
  /** The agency's id, from the file's name. */
  agency: number;
  /** Path of the file. */
  path: string;
  /** Rows of the file. */
  bets: number;
  /** Size of the file, in bytes. */
  bytes: number;
  /** Origin of the file, for people: the archive's path, or a few words. */
  from: string;
}

/**
 * Reads an agency's id from the name of its file, without folders. Returns null
 * if it is not the name of an agency's file.
 */
export function agencyOf(name: string): number | null {
  const digits = AGENCY_FILE_REGEXP.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** Finds the agencies' files of a folder, which may be missing; sorted by id. */
export async function findAgencies(
  dir: string,
): Promise<Pick<AgencyFile, "agency" | "path">[]> {
  const found: Pick<AgencyFile, "agency" | "path">[] = [];
  try {
    for await (const { name } of Deno.readDir(dir)) {
      const agency = agencyOf(name);
      if (agency !== null) found.push({ agency, path: join(dir, name) });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort((a, b) => a.agency - b.agency);
}

/**
 * Counts the rows and bytes of a file. Each row is a bet, also a last one without
 * a line end.
 */
export async function measure(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Pick<AgencyFile, "bets" | "bytes">> {
  let bets = 0;
  let bytes = 0;
  let last = NEWLINE;
  for await (const chunk of chunks) {
    for (const byte of chunk) {
      if (byte === NEWLINE) bets++;
    }
    bytes += chunk.length;
    last = chunk.at(-1) ?? last;
  }
  return { bets: last === NEWLINE ? bets : bets + 1, bytes };
}

/**
 * Files that are written under temporary names until all are complete. Disposal
 * removes those that were not committed.
 */
export class StagedFiles {
  /** Final path of each file, by its temporary path. */
  readonly #finalPaths = new Map<string, string>();

  /** Writes a file next to its final path. Returns its size in bytes. */
  async write(path: string, chunks: Iterable<Uint8Array>): Promise<number> {
    // Always the same name, so the next run overwrites what a killed one left.
    const temporary = `${path}.part`;
    this.#finalPaths.set(temporary, path);
    await Deno.writeFile(temporary, ReadableStream.from(chunks));
    return (await Deno.stat(temporary)).size;
  }

  /** Moves all files to their final paths and replaces what is there. */
  async commit(): Promise<void> {
    for (const [temporary, path] of this.#finalPaths) {
      await Deno.rename(temporary, path);
      this.#finalPaths.delete(temporary);
    }
  }

  /** Removes the files that were not committed. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const temporary of this.#finalPaths.keys()) {
      try {
        await Deno.remove(temporary);
      } catch (error) {
        // Creating it has failed, and that error was thrown already.
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }
}
