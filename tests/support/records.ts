/**
 * What an agency's file comes to, record by record.
 *
 * @module
 */

import {
  RecordReader,
  type RecordReaderOptions,
} from "../../agency/source/record_reader.ts";
import { SourceFile } from "../../agency/source/source_file.ts";
import { viewOf, WORD_BYTES } from "../../bytes/swar.ts";
import { FIELD_KEYS, MAX_PACKED_BET_BYTES, unpackBets } from "../../bet/bet.ts";

/** A record of the file that can be sent, or one that cannot. */
export interface ReadRecord {
  /** Line number, from 1. */
  line: number;
  /** Byte offset of its start. */
  start: number;
  /** Byte offset after its line end. */
  end: number;
  /** The fields of a valid record. */
  fields?: string[];
  /** The reason of an invalid record. */
  problem?: string;
}

/**
 * Reads a file to its end.
 *
 * @param path The file.
 * @param options Where to start.
 * @returns Its records.
 */
export async function readRecords(
  path: string,
  options?: RecordReaderOptions,
): Promise<ReadRecord[]> {
  using source = await SourceFile.open(path);
  const file = new RecordReader(source, options);
  const target = new Uint8Array(1 + MAX_PACKED_BET_BYTES + WORD_BYTES);
  const records: ReadRecord[] = [];
  for (;;) {
    const step = file.peek();
    if (step === "end") return records;
    const { line, start, end, packedSize, problem } = file;
    if (step === "problem") {
      file.consume();
      records.push({ line, start, end, problem });
      continue;
    }
    file.pack(viewOf(target), 1);
    file.consume();
    const packed = target.subarray(1, 1 + packedSize);
    const [bet] = unpackBets(packed);
    const fields = FIELD_KEYS.map((key) => bet![key]);
    records.push({ line, start, end, fields });
  }
}

/**
 * Writes a file and reads it to its end.
 *
 * @param dir Folder of the file.
 * @param content What is in it.
 * @returns Its records.
 */
export async function recordsOf(
  dir: string,
  content: string | Uint8Array,
): Promise<ReadRecord[]> {
  const path = `${dir}/agency.csv`;
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  await Deno.writeFile(path, bytes);
  return await readRecords(path);
}

/**
 * Does something while every read of a file gives few bytes.
 *
 * @param size Most bytes of a read.
 * @param fn What to do.
 */
export async function withShortReads(
  size: number,
  fn: () => Promise<void>,
): Promise<void> {
  const { prototype } = Deno.FsFile;
  const { readSync } = prototype;
  prototype.readSync = function (into): number | null {
    return readSync.call(this, into.subarray(0, size));
  };
  try {
    await fn();
  } finally {
    prototype.readSync = readSync;
  }
}
