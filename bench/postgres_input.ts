/**
 * Agencies' files as PostgreSQL takes them: with the agency in front of each row,
 * as our own store has it.
 *
 * @module
 */

import { parse } from "@std/csv";
import { BATCH_BETS } from "./crowd_rows.ts";
import { LineReader } from "./line_reader.ts";

/** Writes one of the files from the agency's lines. */
type InputWriter = (
  output: Output,
  agency: number,
  lines: Iterable<string>,
) => void;

/**
 * The ways to load: rows for one `\copy`; a script of COPY commands of as many
 * rows as our batches have, each a transaction; one of INSERT commands likewise.
 */
export const LOAD_WAYS = ["copy", "copy-150", "insert-150"] as const;

/** A way to load. */
export type LoadWay = typeof LOAD_WAYS[number];

const WRITERS: Record<LoadWay, InputWriter> = {
  "copy": writeRows,
  "copy-150": writeCopies,
  "insert-150": writeInserts,
};

const WRITE_SIZE = 1 << 16;

/**
 * Writes the file that `psql` is given to load an agency's bets.
 *
 * @param from The agency's file.
 * @param to The file to write.
 * @param options The way to load, and the agency's id.
 */
export function writeInput(
  from: string,
  to: string,
  { way, agency }: { way: LoadWay; agency: number },
): void {
  using reader = new LineReader(from);
  using file = Deno.openSync(to, { write: true, create: true, truncate: true });
  const output = new Output(file);
  WRITERS[way](output, agency, textsOf(reader));
  output.flush();
}

function writeRows(
  output: Output,
  agency: number,
  lines: Iterable<string>,
): void {
  for (const line of lines) output.add(`${agency},${line}\n`);
}

function writeCopies(
  output: Output,
  agency: number,
  lines: Iterable<string>,
): void {
  for (const batch of batchesOf(lines)) {
    output.add("COPY bets FROM STDIN (FORMAT csv);\n");
    writeRows(output, agency, batch);
    output.add("\\.\n");
  }
}

function writeInserts(
  output: Output,
  agency: number,
  lines: Iterable<string>,
): void {
  for (const batch of batchesOf(lines)) {
    const rows = batch.map((line) => {
      const fields = line.includes('"') ? parse(line)[0]! : line.split(",");
      return `(${[agency, ...fields].map(literal).join()})`;
    });
    output.add(`INSERT INTO bets VALUES ${rows.join(",\n")};\n`);
  }
}

function literal(value: string | number): string {
  return `'${String(value).replaceAll("'", "''")}'`;
}

function* textsOf(reader: LineReader): Generator<string, void, undefined> {
  const decoder = new TextDecoder();
  for (let line = reader.next(); line; line = reader.next()) {
    yield decoder.decode(line);
  }
}

function* batchesOf(
  lines: Iterable<string>,
): Generator<string[], void, undefined> {
  let batch: string[] = [];
  for (const line of lines) {
    batch.push(line);
    if (batch.length < BATCH_BETS) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Gathers small pieces into large writes. */
class Output {
  readonly #file: Deno.FsFile;
  readonly #encoder = new TextEncoder();
  #text = "";

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  add(text: string): void {
    this.#text += text;
    if (this.#text.length >= WRITE_SIZE) this.flush();
  }

  flush(): void {
    const bytes = this.#encoder.encode(this.#text);
    this.#text = "";
    for (let at = 0; at < bytes.length;) {
      at += this.#file.writeSync(bytes.subarray(at));
    }
  }
}
