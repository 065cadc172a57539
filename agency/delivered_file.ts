// The bets file that is sent: its bytes, and how to read them.

import { formatAction, getLogger } from "../program/logging.ts";
import type { Input, ReadOptions } from "./options.ts";
import { inspectFormat } from "./source/file_format.ts";
import { RecordReader } from "./source/record_reader.ts";
import { SourceFile } from "./source/source_file.ts";

export interface DeliveredFile extends Disposable {
  readonly source: SourceFile;
  /** Returns a new reader at the start of the file. */
  readonly openReader: () => RecordReader;
}

/**
 * Opens and hashes the input. Throws a `ProgramError` if it cannot be read or is
 * not a CSV file of bets.
 */
export async function openFile(
  input: Input,
  { signal, separator = ",", onProgress }: ReadOptions,
): Promise<DeliveredFile> {
  const source = await SourceFile.open(await bytesOf(input), {
    ...signal ? { signal } : {},
    onProgress: (bytes) =>
      onProgress?.({ phase: "reading", bytes, totalBytes: undefined, bets: 0 }),
  });
  try {
    const header = await inspectFormat(source, separator);
    const hasHeader = header !== undefined;
    if (hasHeader) logHeader(source, header);
    if (source.content.isCut) warnOfCut(source);
    return {
      source,
      openReader: () => new RecordReader(source, { separator, hasHeader }),
      [Symbol.dispose]: () => source[Symbol.dispose](),
    };
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
}

async function bytesOf(
  input: Input,
): Promise<string | ReadableStream<Uint8Array>> {
  if (typeof input === "string" || input instanceof ReadableStream) {
    return input;
  }
  const { encodeCsv } = await import("./bets_csv.ts");
  return encodeCsv(input);
}

/** Shows the row, which may be a bet without document, birthdate and number. */
function logHeader({ path }: SourceFile, row: string): void {
  getLogger().info(formatAction("skip_header", "success", { file: path, row }));
}

/** If the line end is cut off, digits may be, too: 7574 would become 75. */
function warnOfCut({ path }: SourceFile): void {
  getLogger().warn(formatAction("read_file", "fail", {
    file: path,
    reason: "the last row has no line end: it may be cut",
  }));
}
