/**
 * `<file>.rejected.csv`: a copy of the refused rows, which people can correct
 * and send as a file of their own.
 *
 * @module
 */

import { messageOf, ProgramError } from "../program/errors.ts";
import { formatAction, getLogger } from "../program/logging.ts";
import { RecordReader } from "./source/record_reader.ts";
import type { OutgoingBatch } from "./outgoing_batch.ts";
import type { SourceFile } from "./source/source_file.ts";

const UTF8_ENCODER = new TextEncoder();

/** A row that was added. */
export interface RejectedRow {
  /** Its index in the batch, from 0. */
  row: number;
  /** Its line number, from 1. */
  line: number;
  /** Its text, unchanged. */
  text: string;
}

/** Where the rows come from and go to. */
export interface RejectedFileOptions {
  /** The file to write. */
  path: string;
  /** Separates the fields of the agency's file. */
  separator: string;
}

/** Collects refused rows. Without any, it creates no file. */
export class RejectedFile {
  readonly #source: SourceFile;
  readonly #options: RejectedFileOptions;
  #file: Deno.FsFile | undefined;
  #rows = 0;

  /**
   * Starts an empty collection. The file of an earlier run is kept until the
   * first row is added or the run ends: someone may be editing it.
   *
   * @param source The agency's file; left open.
   * @param options The file to write.
   */
  constructor(source: SourceFile, options: RejectedFileOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** Number of refused rows so far. */
  get rows(): number {
    return this.#rows;
  }

  /**
   * Checks that the file is not the agency's own, which would be lost.
   *
   * @throws {ProgramError} If it is.
   */
  async throwIfSource(): Promise<void> {
    const info = await statIfThere(this.#options.path);
    if (!info || !this.#source.isSameFile(info)) return;
    throw new ProgramError(
      `Cannot use ${KEY} "${this.#options.path}": it is the agency's file itself, expected another one`,
    );
  }

  /** Adds one row, without its line end. */
  async add(row: Uint8Array): Promise<void> {
    this.#rows++;
    this.#file ??= await this.#create();
    await writeAll(this.#file, row.slice());
    const lineEnd = UTF8_ENCODER.encode(this.#source.lineEnd);
    await writeAll(this.#file, lineEnd);
  }

  /**
   * Adds rows of a batch that the central refused. Reads that part of the file
   * again.
   *
   * @param batch The batch.
   * @param rows Indexes of the rows in the loaded batch.
   * @returns The rows, in the order of the file.
   */
  async addRows(
    { from }: OutgoingBatch,
    rows: ReadonlySet<number>,
  ): Promise<RejectedRow[]> {
    const { separator } = this.#options;
    const file = new RecordReader(this.#source, { separator, from });
    const added: RejectedRow[] = [];
    for (let row = 0; added.length < rows.size;) {
      const step = file.peek();
      if (step === "end") break;
      if (step === "more") {
        await file.more();
        continue;
      }
      if (step === "record") {
        if (rows.has(row)) {
          const text = new TextDecoder().decode(file.bytes);
          added.push({ row, line: file.line, text });
          await this.add(file.bytes);
        }
        row++;
      }
      file.consume();
    }
    return added;
  }

  /**
   * Ends the collection. Without refused rows, removes the file of an earlier
   * run.
   */
  async complete(): Promise<void> {
    const { path } = this.#options;
    if (this.#rows > 0 || !await statIfThere(path)) return;
    try {
      await Deno.remove(path);
    } catch (error) {
      // Every bet is stored: that is no failure of this run.
      getLogger().warn(formatAction("remove_rejected", "fail", {
        file: path,
        error: messageOf(error),
      }));
    }
  }

  async #create(): Promise<Deno.FsFile> {
    const { path } = this.#options;
    try {
      return await Deno.open(path, {
        write: true,
        create: true,
        truncate: true,
      });
    } catch (cause) {
      throw new ProgramError(
        `Cannot write the rejected rows to "${path}": ${
          messageOf(cause)
        }; set ${KEY} to a file that can be written`,
        { cause },
      );
    }
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file?.close();
  }
}

const KEY = "agency.rejectedFile (CLI_AGENCY_REJECTEDFILE)";

/** Returns `undefined` if there is no such file. */
async function statIfThere(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await file.write(bytes.subarray(at));
  }
}
