/**
 * An agency's CSV file as a sequence of records, read in chunks and cut on the
 * bytes: no string and no object per record, but for one with a quote in it.
 *
 * A record is a line. RFC 4180 would let a quoted field run over several, but a
 * line break is not allowed in any field of a bet; ending every record at its
 * line end keeps one forgotten quote from swallowing the rest of the file.
 *
 * @module
 */

import { parse } from "@std/csv";
import {
  FIELD_KEYS,
  MAX_FIELD_BYTES,
  MAX_PACKED_BET_BYTES,
  packField,
} from "../bet/bet.ts";
import {
  characterSizeAt,
  copyWords,
  findBelow,
  viewOf,
  WORD_BYTES,
} from "../bytes/swar.ts";
import { messageOf } from "../program/errors.ts";

/**
 * What {@linkcode RecordReader.advance} came to: a record that can be sent; one
 * that cannot, for the reason in `problem`; or the end of the file.
 */
export type Step = "record" | "problem" | "end";

/** Where in the file reading starts. */
export interface RecordReaderOptions {
  /**
   * Position of the first byte to read, the start of a line.
   *
   * @default {0}
   */
  byteOffset?: number;
  /**
   * Number of the line there.
   *
   * @default {1}
   */
  line?: number;
}

const CHUNK_BYTES = 1 << 16;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;
const COMMA = 0x2c;
const FIRST_NOT_ASCII = 0x80;
/** All that ends a field lies below; letters, digits and dashes do not. */
const SEPARATOR_LIMIT = 0x2d2d2d2d;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const FIELD_COUNT = FIELD_KEYS.length;
/** Where the parser of quoted records puts its own count of lines. */
const PARSER_PREFIX_REGEXP = /^.*line \d+(?:, column \d+)?: /;

/** A cursor over the records of one file. */
export class RecordReader {
  readonly #file: Deno.FsFile;
  /** With room for the word that begins at its last byte. */
  readonly #chunk = new Uint8Array(CHUNK_BYTES + WORD_BYTES);
  readonly #view = viewOf(this.#chunk);
  /** Position in the file of the chunk's first byte. */
  #byteOffset: number;
  /** What was read and not yet passed is `#chunk[#next..#filled)`. */
  #next = 0;
  #filled = 0;
  #isFileRead = false;
  /** Number of the line at `#next`. */
  #line: number;
  /** The current line is `#chunk[#start..#end)`, the one after it at `#after`. */
  #start = 0;
  #end = 0;
  #after = 0;
  /** Bytes of the current line that had no room in the chunk. */
  #overflow = 0;
  /** Where the first five fields of the current line end, and how many it has. */
  readonly #fieldEnds = new Int32Array(FIELD_COUNT);
  #fields = 0;
  #hasQuote = false;
  #isUtf8 = true;
  /** The current record packed, if it has quotes. */
  readonly #unquoted = new Uint8Array(MAX_PACKED_BET_BYTES + WORD_BYTES);
  #unquotedSize = 0;
  #problem = "";

  private constructor(file: Deno.FsFile, byteOffset: number, line: number) {
    this.#file = file;
    this.#byteOffset = byteOffset;
    this.#line = line;
    this.#chunk[0] = NEWLINE;
  }

  /**
   * Opens a file.
   *
   * @param path The file.
   * @param options Where to start, for reading a part again.
   * @returns The cursor, before the first record.
   */
  static async open(
    path: string,
    options: RecordReaderOptions = {},
  ): Promise<RecordReader> {
    const { byteOffset = 0, line = 1 } = options;
    const file = await Deno.open(path, { read: true });
    await file.seek(byteOffset, Deno.SeekMode.Start);
    return new RecordReader(file, byteOffset, line);
  }

  /** Number of the current record's line, from 1. */
  get line(): number {
    return this.#line;
  }

  /** Position in the file of the current record's first byte. */
  get start(): number {
    return this.#byteOffset + this.#start - this.#overflow;
  }

  /** Position in the file after the current record's line end. */
  get end(): number {
    return this.#byteOffset + this.#after;
  }

  /** Bytes of the current record, packed. */
  get packedSize(): number {
    // Its commas make way for length bytes, but there is one more of these.
    return this.#hasQuote ? this.#unquotedSize : this.#end - this.#start + 1;
  }

  /** Why the current record cannot be sent. */
  get problem(): string {
    return this.#problem;
  }

  /**
   * Finds the next record that has not been taken, and reads on where the file
   * has more of it.
   *
   * @returns What it came to: {@linkcode take} a `record` or `problem` to move
   * on.
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
   * Packs the current record.
   *
   * @param target Where to, with room for {@linkcode packedSize} bytes and a
   * word's more.
   * @param at Position of the record's first length byte.
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

  /** Takes the current record, so that {@linkcode peek} moves on. */
  consume(): void {
    this.#next = this.#after;
    this.#overflow = 0;
    this.#line++;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }

  /** Cuts the next line at its commas; false if it is not all there. */
  #cutLine(): boolean {
    const chunk = this.#chunk;
    const view = this.#view;
    const ends = this.#fieldEnds;
    const lineStart = this.#lineStart();
    let at = lineStart;
    let commas = 0;
    let hasQuote = false;
    let isUtf8 = true;
    // What has been read ends like a line, see #refill().
    for (;;) {
      at = findBelow(view, at, SEPARATOR_LIMIT);
      const byte = chunk[at]!;
      if (byte === COMMA) {
        if (commas < FIELD_COUNT) ends[commas] = at;
        commas++;
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
    if (commas < FIELD_COUNT) ends[commas] = this.#end;
    this.#fields = commas + 1;
    this.#hasQuote = hasQuote;
    this.#isUtf8 = isUtf8;
    return true;
  }

  /**
   * Reads the next chunk behind what is left of this one. A read at once takes
   * microseconds; handing it to another thread took longer than all else here.
   */
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
    const read = this.#file.readSync(room);
    this.#filled += read ?? 0;
    this.#isFileRead = read === null;
    // So that the search for a line end needs no other end.
    this.#chunk[this.#filled] = NEWLINE;
  }

  /** Where the next line begins: behind a byte order mark, if there is one. */
  #lineStart(): number {
    if (this.#byteOffset + this.#next > 0) return this.#next;
    const hasMark = BYTE_ORDER_MARK.every((byte, i) => this.#chunk[i] === byte);
    return hasMark ? BYTE_ORDER_MARK.length : 0;
  }

  /** Why the current line cannot be sent, or nothing; unquotes it if need be. */
  #findProblem(): string {
    if (this.#overflow > 0) return `longer than ${CHUNK_BYTES} bytes`;
    if (!this.#isUtf8) return "not UTF-8";
    if (this.#hasQuote) return this.#unquote();
    if (this.#fields !== FIELD_COUNT) return fieldCountProblem(this.#fields);
    // Few lines are as long as a field may be.
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

  /** The slow way, for the few records with quotes. */
  #unquote(): string {
    const line = this.#chunk.subarray(this.#start, this.#end);
    try {
      const [fields = []] = parse(LINE_DECODER.decode(line));
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
