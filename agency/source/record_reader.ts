/**
 * Reads an agency's CSV file as a sequence of records. It works on the bytes of
 * large chunks, without a string or an object per record; only records with
 * quotes are parsed as text.
 *
 * Every record ends at its line end. RFC 4180 allows line breaks in quoted
 * fields, but no field of a bet may contain one, and this way a forgotten quote
 * cannot swallow the rest of the file.
 *
 * @module
 */

import { parse } from "@std/csv";
import {
  FIELD_KEYS,
  MAX_FIELD_BYTES,
  MAX_PACKED_BET_BYTES,
  packField,
} from "../../bet/bet.ts";
import {
  characterSizeAt,
  copyWords,
  findBelow,
  viewOf,
  WORD_BYTES,
} from "../../bytes/swar.ts";
import { messageOf } from "../../program/errors.ts";
import type { SourceFile } from "./source_file.ts";

/**
 * The result of {@linkcode RecordReader.peek}: a record that can be sent, one
 * that cannot (see `problem`), or the end of the file.
 */
export type Step = "record" | "problem" | "end";

/** How the file is read. */
export interface RecordReaderOptions {
  /**
   * Separates the fields: one ASCII character up to ";".
   *
   * @default {","}
   */
  separator?: string;
  /**
   * Byte offset of the first byte to read, the start of a line.
   *
   * @default {0}
   */
  byteOffset?: number;
  /**
   * Line number at that offset.
   *
   * @default {1}
   */
  line?: number;
}

const CHUNK_BYTES = 1 << 16;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;
const FIRST_NOT_ASCII = 0x80;
/**
 * Repeated in each byte of a word. Everything that the search stops at is below
 * it; letters, digits and dashes are not.
 */
const COMMA_LIMIT = 0x2d2d2d2d;
/** For a semicolon, above which digits are not: it is found more slowly. */
const SEMICOLON_LIMIT = 0x3c3c3c3c;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const FIELD_COUNT = FIELD_KEYS.length;
/** The position that the CSV parser puts before its message. */
const PARSER_PREFIX_REGEXP = /^.*line \d+(?:, column \d+)?: /;

/** Reads the records of one file, one at a time. */
export class RecordReader {
  readonly #source: SourceFile;
  readonly #separator: string;
  readonly #separatorByte: number;
  readonly #searchLimit: number;
  /** One word longer than a chunk, because words are read from any byte on. */
  readonly #chunk = new Uint8Array(CHUNK_BYTES + WORD_BYTES);
  readonly #view = viewOf(this.#chunk);
  /** Byte offset in the file of the first byte of the chunk. */
  #byteOffset: number;
  /** The bytes that were read and not consumed are `#chunk[#next..#filled)`. */
  #next = 0;
  #filled = 0;
  #isFileRead = false;
  /** Line number at `#next`. */
  #line: number;
  /**
   * The current line is `#chunk[#start..#end)`; the next one starts at
   * `#after`.
   */
  #start = 0;
  #end = 0;
  #after = 0;
  /** Bytes of the current line that did not fit in the chunk. */
  #overflow = 0;
  /**
   * Ends of the first five fields of the current line, and its number of
   * fields.
   */
  readonly #fieldEnds = new Int32Array(FIELD_COUNT);
  #fields = 0;
  #hasQuote = false;
  #isUtf8 = true;
  /** The packed form of the current record, if it has quotes. */
  readonly #unquoted = new Uint8Array(MAX_PACKED_BET_BYTES + WORD_BYTES);
  #unquotedSize = 0;
  #problem = "";

  /**
   * Creates a reader, before the first record.
   *
   * @param source The file.
   * @param options The separator, and where to start.
   */
  constructor(source: SourceFile, options: RecordReaderOptions = {}) {
    const { separator = ",", byteOffset = 0, line = 1 } = options;
    this.#source = source;
    this.#separator = separator;
    this.#separatorByte = separator.charCodeAt(0);
    this.#searchLimit = separator === ";" ? SEMICOLON_LIMIT : COMMA_LIMIT;
    this.#byteOffset = byteOffset;
    this.#line = line;
    this.#chunk[0] = NEWLINE;
  }

  /** Number of the current record's line, from 1. */
  get line(): number {
    return this.#line;
  }

  /** Byte offset in the file of the current record. */
  get start(): number {
    return this.#byteOffset + this.#start - this.#overflow;
  }

  /** Byte offset in the file after the current record's line end. */
  get end(): number {
    return this.#byteOffset + this.#after;
  }

  /** Size in bytes of the current record in packed form. */
  get packedSize(): number {
    // Each separator is replaced by a length byte, and there is one more of these.
    return this.#hasQuote ? this.#unquotedSize : this.#end - this.#start + 1;
  }

  /** Why the current record cannot be sent. */
  get problem(): string {
    return this.#problem;
  }

  /**
   * Finds the next record that was not consumed, and reads from the file when
   * necessary.
   *
   * @returns What was found. {@linkcode consume} moves on to the next record.
   */
  peek(): Step {
    for (;;) {
      if (!this.#cutLine()) {
        if (this.#isFileRead) return "end";
        this.#refill();
      } else if (this.#start === this.#end && this.#overflow === 0) {
        this.consume();
      } else {
        this.#problem = this.#findProblem();
        return this.#problem === "" ? "record" : "problem";
      }
    }
  }

  /**
   * Writes the packed form of the current record.
   *
   * @param target Has room for {@linkcode packedSize} bytes and one word more.
   * @param at Offset of the record's first length byte.
   */
  pack(target: DataView, at: number): void {
    if (this.#hasQuote) {
      copyWords(target, at, viewOf(this.#unquoted), 0, this.#unquotedSize);
      return;
    }
    const start = this.#start;
    copyWords(target, at + 1 - start, this.#view, start, this.#end);
    let from = start;
    for (let field = 0; field < FIELD_COUNT; field++) {
      const end = this.#fieldEnds[field]!;
      target.setUint8(at + from - start, end - from);
      from = end + 1;
    }
  }

  /** Moves on: {@linkcode peek} then finds the next record. */
  consume(): void {
    this.#next = this.#after;
    this.#overflow = 0;
    this.#line++;
  }

  /**
   * Splits the next line at its separators. False if the line is not complete yet.
   */
  #cutLine(): boolean {
    const chunk = this.#chunk;
    const view = this.#view;
    const ends = this.#fieldEnds;
    const separator = this.#separatorByte;
    const limit = this.#searchLimit;
    const lineStart = this.#lineStart();
    let at = lineStart;
    let separators = 0;
    let hasQuote = false;
    let isUtf8 = true;
    // The sentinel of #refill() ends this loop.
    for (;;) {
      at = findBelow(view, at, limit);
      const byte = chunk[at]!;
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
    const isEnded = at < this.#filled;
    const isLast = this.#isFileRead && (at > lineStart || this.#overflow > 0);
    if (!isEnded && !isLast) return false;
    const hasReturn = at > lineStart && chunk[at - 1] === RETURN;
    this.#start = lineStart;
    this.#end = hasReturn ? at - 1 : at;
    this.#after = isEnded ? at + 1 : at;
    if (separators < FIELD_COUNT) ends[separators] = this.#end;
    this.#fields = separators + 1;
    this.#hasQuote = hasQuote;
    this.#isUtf8 = isUtf8;
    return true;
  }

  /** Moves the remaining bytes to the front and reads more after them. */
  #refill(): void {
    if (this.#next === 0 && this.#filled === CHUNK_BYTES) {
      this.#overflow += CHUNK_BYTES;
      this.#next = CHUNK_BYTES;
    }
    this.#chunk.copyWithin(0, this.#next, this.#filled);
    this.#byteOffset += this.#next;
    this.#filled -= this.#next;
    this.#next = this.#after = 0;
    const room = this.#chunk.subarray(this.#filled, CHUNK_BYTES);
    const read = this.#source.read(room, this.#byteOffset + this.#filled);
    this.#filled += read ?? 0;
    this.#isFileRead = read === null;
    // A sentinel: the search for a line end needs no other bound.
    this.#chunk[this.#filled] = NEWLINE;
  }

  /** Start of the next line, after a byte order mark if there is one. */
  #lineStart(): number {
    if (this.#byteOffset + this.#next > 0) return this.#next;
    const hasMark = BYTE_ORDER_MARK.every((byte, i) => this.#chunk[i] === byte);
    return hasMark ? BYTE_ORDER_MARK.length : 0;
  }

  /**
   * Says why the current line cannot be sent, or "". Unquotes it if necessary.
   */
  #findProblem(): string {
    if (this.#overflow > 0) return `longer than ${CHUNK_BYTES} bytes`;
    if (!this.#isUtf8) return "not UTF-8";
    if (this.#hasQuote) return this.#unquote();
    if (this.#fields !== FIELD_COUNT) return fieldCountProblem(this.#fields);
    // Only a long line can have a field that is too long.
    return this.#end - this.#start > MAX_FIELD_BYTES
      ? this.#findLongField()
      : "";
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

  /** Parses the few records that have quotes. */
  #unquote(): string {
    const line = this.#chunk.subarray(this.#start, this.#end);
    try {
      const [fields = []] = parse(LINE_DECODER.decode(line), {
        separator: this.#separator,
      });
      if (fields.length !== FIELD_COUNT) {
        return fieldCountProblem(fields.length);
      }
      let end = 0;
      for (const field of fields) end = packField(this.#unquoted, end, field);
      this.#unquotedSize = end;
      return "";
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof RangeError) {
        return messageOf(error).replace(PARSER_PREFIX_REGEXP, "");
      }
      throw error;
    }
  }
}

const LINE_DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

function fieldCountProblem(count: number): string {
  return `expected ${FIELD_COUNT} fields but got ${count}`;
}
