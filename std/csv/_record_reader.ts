/** How a record is written. */
export interface RecordFormat {
  /** What stands between two fields. */
  separator: string;
  /** What a line starts with that is no record. */
  comment: string | undefined;
  /** Whether the white space before a field is dropped. */
  trimLeadingSpace: boolean;
  /** Whether a quote may stand where it does not belong. */
  lazyQuotes: boolean;
}

const LEADING_SPACE_REGEXP = /^\s+/;

/** Reads the records of a CSV text one after the other. */
export class RecordReader {
  readonly #input: string;
  readonly #format: RecordFormat;
  /** Where the next line starts in the input. */
  #next = 0;
  /** The current line without its end, its number, the place in it. */
  #text = "";
  #line = 0;
  #at = 0;
  #recordLine = 0;

  /**
   * Creates a reader.
   *
   * @param input The whole text.
   * @param format How its records are written.
   */
  constructor(input: string, format: RecordFormat) {
    this.#input = input;
    this.#format = format;
  }

  /** The number of the line that the last record starts on, from 1. */
  get recordLine(): number {
    return this.#recordLine;
  }

  /**
   * Reads a record, skipping empty lines and comments before it.
   *
   * @returns The record's fields, or `undefined` after the last record.
   * @throws {SyntaxError} If a quote stands where it does not belong.
   */
  read(): string[] | undefined {
    do {
      if (!this.#nextLine()) return undefined;
    } while (this.#text === "" || this.#isComment());
    this.#recordLine = this.#line;
    const fields = [this.#field()];
    // After a field comes a separator or the end of the line.
    while (this.#at < this.#text.length) {
      this.#at += this.#format.separator.length;
      fields.push(this.#field());
    }
    return fields;
  }

  #nextLine(): boolean {
    if (this.#next >= this.#input.length) return false;
    const newline = this.#input.indexOf("\n", this.#next);
    const end = newline < 0 ? this.#input.length : newline;
    const crlf = end > this.#next && this.#input[end - 1] === "\r";
    this.#text = this.#input.slice(this.#next, crlf ? end - 1 : end);
    this.#next = end + 1;
    this.#line++;
    this.#at = 0;
    return true;
  }

  #isComment(): boolean {
    const { comment } = this.#format;
    return comment !== undefined && this.#text.startsWith(comment);
  }

  #field(): string {
    if (this.#format.trimLeadingSpace) {
      const space = LEADING_SPACE_REGEXP.exec(this.#text.slice(this.#at));
      this.#at += space?.[0].length ?? 0;
    }
    return this.#text[this.#at] === '"'
      ? this.#quotedField()
      : this.#plainField();
  }

  #plainField(): string {
    const start = this.#at;
    const separator = this.#text.indexOf(this.#format.separator, start);
    this.#at = separator < 0 ? this.#text.length : separator;
    const field = this.#text.slice(start, this.#at);
    const quote = this.#format.lazyQuotes ? -1 : field.indexOf('"');
    if (quote >= 0) this.#fail(start + quote, 'bare " in non-quoted-field');
    return field;
  }

  #quotedField(): string {
    let field = "";
    this.#at++;
    for (;;) {
      const quote = this.#text.indexOf('"', this.#at);
      if (quote < 0) {
        field += this.#text.slice(this.#at);
        this.#at = this.#text.length;
        if (this.#nextLine()) field += "\n";
        else if (this.#format.lazyQuotes) return field;
        else this.#failAtQuote(this.#at);
        continue;
      }
      field += this.#text.slice(this.#at, quote);
      this.#at = quote + 1;
      if (this.#text[this.#at] === '"') {
        field += '"';
        this.#at++;
      } else if (this.#isFieldEnd()) {
        return field;
      } else if (this.#format.lazyQuotes) {
        field += '"';
      } else {
        this.#failAtQuote(quote);
      }
    }
  }

  #isFieldEnd(): boolean {
    return this.#at === this.#text.length ||
      this.#text.startsWith(this.#format.separator, this.#at);
  }

  #failAtQuote(at: number): never {
    this.#fail(at, 'extraneous or missing " in quoted-field');
  }

  #fail(at: number, detail: string): never {
    // Columns count characters, of which some are two code units long.
    const column = Array.from(this.#text.slice(0, at)).length + 1;
    throw new SyntaxError(
      `Syntax error on line ${this.#recordLine}; parse error on line ${this.#line}, column ${column}: ${detail}`,
    );
  }
}
