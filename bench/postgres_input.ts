/**
 * Agencies' files as PostgreSQL takes them: with the agency in front of each row,
 * as our own store has it.
 *
 * @module
 */

import { BATCH_BETS } from "./crowd_rows.ts";
import { LineReader } from "./line_reader.ts";

const ENCODER = new TextEncoder();
const NEWLINE = ENCODER.encode("\n");
const COPY_BEGIN = ENCODER.encode("COPY bets FROM STDIN (FORMAT csv);\n");
const COPY_END = ENCODER.encode("\\.\n");
const WRITE_SIZE = 1 << 16;

/**
 * Writes what one `\copy` loads.
 *
 * @param from The agency's file.
 * @param to The file to write.
 * @param agency The agency's id.
 */
export function writeCopyFile(from: string, to: string, agency: number): void {
  writeRows(from, to, agency, () => {});
}

/**
 * Writes a script of transactions of as many rows as our batches have.
 *
 * @param from The agency's file.
 * @param to The file to write.
 * @param agency The agency's id.
 */
export function writeCopyScript(
  from: string,
  to: string,
  agency: number,
): void {
  writeRows(from, to, agency, (output, row, isEnd) => {
    const isFirst = row % BATCH_BETS === 0;
    if (row > 0 && (isFirst || isEnd)) output.add(COPY_END);
    if (isFirst && !isEnd) output.add(COPY_BEGIN);
  });
}

/** Copies the rows; `between` may add something before each and at the end. */
function writeRows(
  from: string,
  to: string,
  agency: number,
  between: (output: Output, row: number, isEnd: boolean) => void,
): void {
  using lines = new LineReader(from);
  using file = Deno.openSync(to, { write: true, create: true, truncate: true });
  const output = new Output(file);
  const prefix = ENCODER.encode(`${agency},`);
  let row = 0;
  for (let line = lines.next(); line; line = lines.next()) {
    between(output, row, false);
    output.add(prefix);
    output.add(line);
    output.add(NEWLINE);
    row++;
  }
  between(output, row, true);
  output.flush();
}

/** Gathers small pieces into large writes. */
class Output {
  readonly #file: Deno.FsFile;
  readonly #buffer = new Uint8Array(WRITE_SIZE);
  #size = 0;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  add(bytes: Uint8Array): void {
    if (this.#size + bytes.length > WRITE_SIZE) this.flush();
    this.#buffer.set(bytes, this.#size);
    this.#size += bytes.length;
  }

  flush(): void {
    for (let at = 0; at < this.#size;) {
      at += this.#file.writeSync(this.#buffer.subarray(at, this.#size));
    }
    this.#size = 0;
  }
}
