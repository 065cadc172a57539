/**
 * Bytes as lines of text.
 *
 * @module
 */

/**
 * Cuts bytes at line ends as they come.
 *
 * @param bytes UTF-8, cut anywhere; a byte order mark is skipped.
 * @returns Each line without its LF or CRLF; a last one without an end counts.
 */
export async function* readLines(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string, void, undefined> {
  let rest = "";
  for await (const text of bytes.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield withoutReturn(line);
  }
  if (rest !== "") yield withoutReturn(rest);
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
