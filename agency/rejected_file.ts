/**
 * `<file>.rejected.csv`: a copy of the refused rows, which people can correct
 * and send as a file of their own.
 *
 * @module
 */

import { RecordReader } from "./record_reader.ts";
import type { OutgoingBatch } from "./outgoing_batch.ts";
import type { SourceFile } from "./source_file.ts";

const COPY_BYTES = 1 << 16;
const NEWLINE = 0x0a;

/** The row of a refused batch that broke a rule. */
export interface RefusedRow {
  /** Its line number, from 1. */
  line: number;
  /** Its text, as it is in the file. */
  text: string;
}

/** Collects refused rows. Without any, it creates no file. */
export class RejectedFile {
  readonly #source: SourceFile;
  readonly #path: string;
  #file: Deno.FsFile | undefined;
  #rows = 0;

  /**
   * Starts an empty collection. The file of an earlier run is kept until the
   * first row is added or the run ends: someone may be editing it.
   *
   * @param source The agency's file; left open.
   */
  constructor(source: SourceFile) {
    this.#source = source;
    this.#path = `${source.path}.rejected.csv`;
  }

  /** Number of refused rows so far. */
  get rows(): number {
    return this.#rows;
  }

  /**
   * Adds one row.
   *
   * @param start Byte offset in the agency's file.
   * @param end Byte offset after the line end.
   */
  async add(start: number, end: number): Promise<void> {
    this.#rows++;
    this.#file ??= await Deno.open(this.#path, {
      write: true,
      create: true,
      truncate: true,
    });
    const chunk = new Uint8Array(Math.min(end - start, COPY_BYTES));
    let last = NEWLINE;
    for (let at = start; at < end;) {
      const piece = chunk.subarray(0, Math.min(end - at, chunk.length));
      const read = this.#source.read(piece, at);
      if (read === null) break;
      await writeAll(this.#file, piece.subarray(0, read));
      last = piece[read - 1]!;
      at += read;
    }
    // The last row of the agency's file may have no line end.
    if (last !== NEWLINE) await writeAll(this.#file, Uint8Array.of(NEWLINE));
  }

  /**
   * Adds every row of a batch that the central refused. Reads that part of the
   * file again.
   *
   * @param batch The batch.
   * @param index Index in the batch of the bet at fault.
   * @returns The row of that bet, or of the first one if there is no such bet.
   */
  async addBatch(batch: OutgoingBatch, index: number): Promise<RefusedRow> {
    const { byteOffset, line, frame } = batch;
    const file = new RecordReader(this.#source, { byteOffset, line });
    let refused: RefusedRow | undefined;
    for (let row = 0; row < frame.count;) {
      const step = file.peek();
      if (step === "end") break;
      if (step === "record") {
        if (row === index || !refused) {
          const text = this.#textAt(file.start, file.end);
          refused = { line: file.line, text };
        }
        await this.add(file.start, file.end);
        row++;
      }
      file.consume();
    }
    return refused ?? { line, text: "" };
  }

  /** A row is at most a few kilobytes long, or it could not have been sent. */
  #textAt(start: number, end: number): string {
    const bytes = new Uint8Array(end - start);
    const read = this.#source.read(bytes, start) ?? 0;
    return new TextDecoder().decode(bytes.subarray(0, read)).trimEnd();
  }

  /**
   * Ends the collection. Without refused rows, removes the file of an earlier
   * run.
   */
  async complete(): Promise<void> {
    if (this.#rows > 0) return;
    try {
      await Deno.remove(this.#path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file?.close();
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await file.write(bytes.subarray(at));
  }
}
