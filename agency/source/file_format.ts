// Recognizes files that are not CSV in UTF-8 with five columns before anything
// is sent: otherwise each row would be reported as an error.

import { explainColumns, findHeader } from "./columns.ts";
import { CHUNK_BYTES } from "./content.ts";
import { countOf, findEncoding, findForeignFormat } from "./foreign_formats.ts";
import { sendError } from "./input_file.ts";
import { MAX_LINE_BYTES } from "./line_buffer.ts";
import type { SourceFile } from "./source_file.ts";

const SAMPLE_LINES = 1000;
/** Enough for most files, and ten times as fast as {@linkcode SAMPLE_LINES}. */
const FIRST_LINES = 100;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/**
 * Returns the header, if the file has one. Throws a `ProgramError` if no row of
 * the file can be sent; its message says what the file is and what to do.
 */
export async function inspectFormat(
  source: SourceFile,
  separator: string,
): Promise<string | undefined> {
  if (source.chunks === 0) return undefined;
  const start = await chunkOf(source, 0);
  const rows = firstRows(start, FIRST_LINES);
  const { firstForeignChunk } = source.content;
  const format = findForeignFormat(start) ??
    (firstForeignChunk >= 0
      ? findEncoding(await chunkOf(source, firstForeignChunk))
      : undefined);
  const problem = format
    ? `it is ${format.name}, expected CSV in UTF-8; ${format.advice}`
    : explainLines(start) ??
      (explainColumns(rows, separator) &&
        explainColumns(firstRows(start, SAMPLE_LINES), separator));
  if (problem === undefined) return findHeader(rows, separator);
  throw sendError(source.path, problem);
}

/** Explains why a chunk has no rows, and what to do; `undefined` if it has some. */
function explainLines(chunk: Uint8Array): string | undefined {
  // The content has LF in place of CRLF.
  const isOdd = chunk.includes(RETURN) &&
    countOf(RETURN, chunk) >= countOf(NEWLINE, chunk);
  if (isOdd) {
    return "its lines end with CR, as on old Macs, or with CR CR LF; save it with other line ends, or convert it with: tr '\\r' '\\n'";
  }
  // Chunks are longer than that, and shorter content always ends with an LF.
  return chunk.indexOf(NEWLINE) < 0
    ? `its first line has more than ${MAX_LINE_BYTES} bytes, expected one bet per line`
    : undefined;
}

async function chunkOf(
  source: SourceFile,
  index: number,
): Promise<Uint8Array> {
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, source.size + 1));
  return buffer.subarray(0, await source.readChunk(index, buffer));
}

/** Returns the first complete rows of a chunk, without blank ones. */
function firstRows(chunk: Uint8Array, lines: number): string[] {
  let end = 0;
  for (let line = 0; line < lines; line++) {
    const lineEnd = chunk.indexOf(NEWLINE, end);
    if (lineEnd < 0) break;
    end = lineEnd + 1;
  }
  return new TextDecoder().decode(chunk.subarray(0, end)).split("\n")
    .filter((line) =>
      line.length <= MAX_LINE_BYTES && !/^[ ,;\t]*$/.test(line)
    );
}
