/**
 * Splits bytes into lines of text.
 *
 * @module
 */

/**
 * Splits a stream of bytes into lines.
 *
 * @param bytes UTF-8 in chunks of any size. A byte order mark is skipped.
 * @returns Each line without its LF or CRLF, also a last one without an end.
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
