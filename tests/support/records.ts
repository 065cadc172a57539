// What an agency's file comes to, record by record.

import {
  RecordReader,
  type RecordReaderOptions,
} from "../../agency/source/record_reader.ts";
import {
  SourceFile,
  type SourceFileOptions,
} from "../../agency/source/source_file.ts";
import { viewOf, WORD_BYTES } from "../../bytes/swar.ts";
import { FIELD_KEYS, MAX_PACKED_BET_BYTES, unpackBets } from "../../bet/bet.ts";
import { CHUNK_BYTES } from "./fingerprint.ts";
import { replace } from "./replaced.ts";

/** A record of the file that can be sent, or one that cannot. */
export interface ReadRecord {
  /** Number of records before it. */
  index: number;
  /** Line number, from 1. */
  line: number;
  /** Offset of its start in the content. */
  start: number;
  /** Offset after its line end. */
  end: number;
  /** Its line without its line end. */
  text: string;
  /** The fields of a valid record. */
  fields?: string[];
  /** The reason of an invalid record. */
  problem?: string;
}

/** Writes a file and reads it to its end. */
export async function recordsOf(
  dir: string,
  content: string | Uint8Array,
  options?: RecordReaderOptions & SourceFileOptions,
): Promise<ReadRecord[]> {
  const path = `${dir}/agency.csv`;
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  await Deno.writeFile(path, bytes);
  using source = await SourceFile.open(path, options);
  const file = new RecordReader(source, options);
  const target = new Uint8Array(1 + MAX_PACKED_BET_BYTES + WORD_BYTES);
  const records: ReadRecord[] = [];
  for (;;) {
    const step = file.peek();
    if (step === "end") return records;
    if (step === "more") {
      await file.more();
      continue;
    }
    const { index, line, start, end, packedSize, problem } = file;
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
      file.bytes,
    );
    const place = { index, line, start, end, text };
    if (step !== "record") {
      file.consume();
      records.push({ ...place, problem: step === "header" ? step : problem });
      continue;
    }
    file.pack(viewOf(target), 1);
    file.consume();
    const packed = target.subarray(1, 1 + packedSize);
    const [bet] = unpackBets(packed);
    const fields = FIELD_KEYS.map((key) => bet![key]);
    records.push({ ...place, fields });
  }
}

/** Every chunk is read again. */
const NOTHING_KEPT = { keptBytes: 0 };

/** Writes an agency's file and opens it. */
export async function openSource(
  dir: string,
  text: string,
  options: SourceFileOptions = NOTHING_KEPT,
): Promise<SourceFile> {
  await Deno.writeTextFile(`${dir}/bets.csv`, text);
  return await SourceFile.open(`${dir}/bets.csv`, options);
}

/** Reads a file's content. */
export async function contentIn(source: SourceFile): Promise<Uint8Array> {
  const content = new Uint8Array(source.contentSize + CHUNK_BYTES + 1);
  let size = 0;
  for (let index = 0; index < source.chunks; index++) {
    size += await source.readChunk(index, content.subarray(size));
  }
  return content.subarray(0, size);
}

/** Does something while every read of a file gives few bytes. */
export async function withShortReads(
  size: number,
  fn: () => Promise<void>,
): Promise<void> {
  const { readSync } = Deno.FsFile.prototype;
  using _reads = replace(Deno.FsFile.prototype, {
    readSync(this: Deno.FsFile, into): number | null {
      return readSync.call(this, into.subarray(0, size));
    },
  });
  await fn();
}
