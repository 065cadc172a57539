/**
 * The part of `@std/csv` that this project uses: `parse()` with the option
 * `separator`, with upstream's behaviour and messages. There are no other
 * differences.
 *
 * @module
 */

const BYTE_ORDER_MARK = "\uFEFF";
const INVALID_SEPARATORS = ["\r", "\n", '"'];

/** Options of {@linkcode parse}. */
export interface ParseOptions {
  /**
   * Separates the fields: one character, no quote and no line break.
   *
   * @default {","}
   */
  separator?: string;
}

/**
 * Parses a CSV text (RFC 4180) into arrays of fields. Empty lines are left out.
 *
 * @param input The text, with or without a byte order mark.
 * @param options The separator.
 * @returns The records.
 * @throws {SyntaxError} If a quote is not where it belongs.
 * @throws {Error} If the separator is a quote or a line break.
 *
 * @example
 * ```ts
 * import { parse } from "@std/csv";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parse('a,"b,c"\nd,e'), [["a", "b,c"], ["d", "e"]]);
 * ```
 */
export function parse(
  input: string,
  { separator = "," }: ParseOptions = {},
): string[][] {
  if (INVALID_SEPARATORS.includes(separator)) {
    throw new Error("Cannot parse input: invalid delimiter");
  }
  const reader = new RecordReader(
    input.startsWith(BYTE_ORDER_MARK) ? input.slice(1) : input,
    separator,
  );
  const records: string[][] = [];
  for (let record = reader.read(); record; record = reader.read()) {
    records.push(record);
  }
  return records;
}

/** Reads the records of a text one after the other. */
class RecordReader {
  readonly #input: string;
  readonly #separator: string;
  /** Where the next line starts in the input. */
  #next = 0;
  /** The current line without its end, its number, and the place in it. */
  #text = "";
  #line = 0;
  #at = 0;
  /** The number of the line on which the record starts. */
  #recordLine = 0;

  constructor(input: string, separator: string) {
    this.#input = input;
    this.#separator = separator;
  }

  read(): string[] | undefined {
    do {
      if (!this.#nextLine()) return undefined;
    } while (this.#text === "");
    this.#recordLine = this.#line;
    const fields = [this.#field()];
    // Behind a field comes a separator or the end of the line.
    while (this.#at < this.#text.length) {
      this.#at++;
      fields.push(this.#field());
    }
    return fields;
  }

  #nextLine(): boolean {
    if (this.#next >= this.#input.length) return false;
    const newline = this.#input.indexOf("\n", this.#next);
    const end = newline < 0 ? this.#input.length : newline;
    const isCrlf = end > this.#next && this.#input[end - 1] === "\r";
    this.#text = this.#input.slice(this.#next, isCrlf ? end - 1 : end);
    this.#next = end + 1;
    this.#line++;
    this.#at = 0;
    return true;
  }

  #field(): string {
    return this.#text[this.#at] === '"'
      ? this.#quotedField()
      : this.#plainField();
  }

  #plainField(): string {
    const start = this.#at;
    const separator = this.#text.indexOf(this.#separator, start);
    this.#at = separator < 0 ? this.#text.length : separator;
    const field = this.#text.slice(start, this.#at);
    const quote = field.indexOf('"');
    if (quote >= 0) this.#fail(start + quote, 'bare " in non-quoted-field');
    return field;
  }

  #quotedField(): string {
    let field = "";
    this.#at++;
    for (;;) {
      const quote = this.#text.indexOf('"', this.#at);
      if (quote < 0) {
        field += this.#rest();
        field += "\n";
        continue;
      }
      field += this.#text.slice(this.#at, quote);
      this.#at = quote + 1;
      const next = this.#text[this.#at];
      if (next === undefined || next === this.#separator) return field;
      if (next !== '"') this.#failAtQuote(quote);
      field += '"';
      this.#at++;
    }
  }

  /** Returns the rest of a line that ends in a quoted field. */
  #rest(): string {
    const rest = this.#text.slice(this.#at);
    if (this.#nextLine()) return rest;
    // Upstream looks for the quote on the line behind the last, if it can.
    if (rest === "") return this.#failAtQuote(this.#text.length);
    this.#text = "";
    this.#line++;
    return this.#failAtQuote(0);
  }

  #failAtQuote(at: number): never {
    this.#fail(at, 'extraneous or missing " in quoted-field');
  }

  #fail(at: number, detail: string): never {
    // A column is a character, which may be two code units long.
    const column = Array.from(this.#text.slice(0, at)).length + 1;
    throw new SyntaxError(
      `Syntax error on line ${this.#recordLine}; parse error on line ${this.#line}, column ${column}: ${detail}`,
    );
  }
}
