// Reads an agency's CSV file as a sequence of records. It works on the bytes of
// large chunks, without a string or an object per record; only records with
// quotes are parsed as text.
//
// Every record ends at its line end. RFC 4180 allows line breaks in quoted
// fields, but no field of a bet may contain one, and this way a forgotten quote
// cannot swallow the rest of the file.

import { FIELD_KEYS, MAX_FIELD_BYTES } from "../../bet/bet.ts";
import { copyWords, findBelow } from "../../bytes/swar.ts";
import { characterSizeAt } from "../../bytes/utf8.ts";
import { fieldCountProblem, UnquotedRecord } from "./csv_row.ts";
import { LineBuffer, MAX_LINE_BYTES } from "./line_buffer.ts";
import type { SourceFile } from "./source_file.ts";

/**
 * The result of {@linkcode RecordReader.peek}: a record that can be sent, a
 * record that cannot (see `problem`), the header, the end of the bytes in memory
 * (call `more()`), or the end of the file.
 */
export type Step = "record" | "problem" | "header" | "more" | "end";

export interface RecordReaderOptions {
  /** One ASCII character up to ";". Default: `","`. */
  separator?: string;
  hasHeader?: boolean;
}

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const FIRST_NOT_ASCII = 0x80;
/**
 * A byte, repeated in a word. All bytes at which the search stops are below it;
 * letters, digits and dashes are not.
 */
const COMMA_LIMIT = 0x2d2d2d2d;
/** For semicolons. Digits are below it, so the search stops more often. */
const SEMICOLON_LIMIT = 0x3c3c3c3c;
const FIELD_COUNT = FIELD_KEYS.length;

export class RecordReader {
  readonly #buffer: LineBuffer;
  readonly #separator: string;
  readonly #separatorByte: number;
  readonly #searchLimit: number;
  readonly #hasHeader: boolean;
  #index = 0;
  /**
   * The current line is `[start..end)` in the buffer; the next one starts at
   * `#after`.
   */
  #start = 0;
  #end = 0;
  #after = 0;
  /**
   * Ends of the first five fields of the current line, and its number of
   * fields.
   */
  readonly #fieldEnds = new Int32Array(FIELD_COUNT);
  #fields = 0;
  #hasQuote = false;
  #isUtf8 = true;
  readonly #unquoted = new UnquotedRecord();
  #problem = "";

  constructor(source: SourceFile, options: RecordReaderOptions = {}) {
    const { separator = ",", hasHeader = false } = options;
    this.#buffer = new LineBuffer(source);
    this.#separator = separator;
    this.#separatorByte = separator.charCodeAt(0);
    this.#searchLimit = separator === ";" ? SEMICOLON_LIMIT : COMMA_LIMIT;
    this.#hasHeader = hasHeader;
  }

  /** Number of the current record's line, from 1. */
  get line(): number {
    return this.#buffer.line;
  }

  /**
   * Number of records before the current one, whether they can be sent or not;
   * at the end, the number of all records.
   */
  get index(): number {
    return this.#index;
  }

  /** Offset in the content of the current record. */
  get start(): number {
    return this.#buffer.offset + this.#start;
  }

  /** Offset in the content after the current record's line end. */
  get end(): number {
    return this.#buffer.offset + this.#buffer.dropped + this.#after;
  }

  /**
   * The current record's line without its line end; if it is too long, its start.
   * Valid until the next call of any method.
   */
  get bytes(): Uint8Array {
    const end = Math.min(this.#end, this.#start + MAX_LINE_BYTES);
    return this.#buffer.bytes.subarray(this.#start, end);
  }

  get packedSize(): number {
    // Each separator becomes a length byte, and the first field has one, too.
    return this.#hasQuote ? this.#unquoted.size : this.#end - this.#start + 1;
  }

  get problem(): string {
    return this.#problem;
  }

  /**
   * Finds the next record, and returns it again until {@linkcode consume} is
   * called.
   */
  peek(): Step {
    while (this.#cutLine()) {
      if (this.#buffer.isBlank(this.#start, this.#end)) {
        this.#buffer.skipLine(this.#after);
      } else if (this.#hasHeader && this.#index === 0) {
        return "header";
      } else {
        this.#problem = this.#findProblem();
        return this.#problem === "" ? "record" : "problem";
      }
    }
    return this.#buffer.isAtEnd ? "end" : "more";
  }

  /**
   * Reads on after {@linkcode peek} has found the end of the bytes in memory.
   * Throws a `ProgramError` if the file was changed.
   */
  async more(): Promise<void> {
    await this.#buffer.more();
    this.#start = this.#end = this.#after = 0;
  }

  /**
   * Writes the packed form of the current record at `at`. `target` must have
   * room for {@linkcode packedSize} bytes and one more word.
   */
  pack(target: DataView, at: number): void {
    if (this.#hasQuote) {
      const { view, size } = this.#unquoted;
      copyWords(target, at, view, 0, size);
      return;
    }
    const start = this.#start;
    copyWords(target, at + 1 - start, this.#buffer.view, start, this.#end);
    let from = start;
    for (let field = 0; field < FIELD_COUNT; field++) {
      const end = this.#fieldEnds[field]!;
      target.setUint8(at + from - start, end - from);
      from = end + 1;
    }
  }

  consume(): void {
    this.#index++;
    this.#buffer.skipLine(this.#after);
  }

  /** Splits the next line at its separators. False if its end is not in memory. */
  #cutLine(): boolean {
    const { bytes, view, next, filled } = this.#buffer;
    const ends = this.#fieldEnds;
    const separator = this.#separatorByte;
    const limit = this.#searchLimit;
    let at = next;
    let separators = 0;
    let hasQuote = false;
    let isUtf8 = true;
    // The LF after the buffer's last byte ends this loop.
    for (;;) {
      at = findBelow(view, at, limit);
      const byte = bytes[at]!;
      if (byte === separator) {
        if (separators < FIELD_COUNT) ends[separators] = at;
        separators++;
      } else if (byte === NEWLINE) {
        break;
      } else if (byte === QUOTE) {
        hasQuote = true;
      } else if (byte >= FIRST_NOT_ASCII) {
        const size = characterSizeAt(view, at);
        if (size === 0) isUtf8 = false;
        at += Math.max(1, size);
        continue;
      }
      at++;
    }
    if (at >= filled) return false;
    this.#start = next;
    this.#end = at;
    this.#after = at + 1;
    if (separators < FIELD_COUNT) ends[separators] = at;
    this.#fields = separators + 1;
    this.#hasQuote = hasQuote;
    this.#isUtf8 = isUtf8;
    return true;
  }

  /**
   * Returns why the current line cannot be sent, or "". Unquotes it if necessary.
   */
  #findProblem(): string {
    const size = this.#end - this.#start + this.#buffer.dropped;
    if (size > MAX_LINE_BYTES) return `longer than ${MAX_LINE_BYTES} bytes`;
    if (!this.#isUtf8) return "not UTF-8";
    if (this.#hasQuote) {
      return this.#unquoted.unquote(this.bytes, this.#separator);
    }
    if (this.#fields !== FIELD_COUNT) return fieldCountProblem(this.#fields);
    // Only a long line can have a field that is too long.
    return size > MAX_FIELD_BYTES ? this.#findLongField() : "";
  }

  #findLongField(): string {
    let start = this.#start;
    for (let field = 0; field < FIELD_COUNT; field++) {
      const end = this.#fieldEnds[field]!;
      if (end - start > MAX_FIELD_BYTES) {
        return `field ${field + 1} is longer than ${MAX_FIELD_BYTES} bytes`;
      }
      start = end + 1;
    }
    return "";
  }
}
