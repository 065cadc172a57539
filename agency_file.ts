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
  MAX_FIELD_SIZE,
  MAX_PACKED_BET_SIZE,
  packField,
} from "./bet.ts";
import { messageOf } from "./errors.ts";
import { isUtf8 } from "./utf8.ts";

/**
 * What {@linkcode AgencyFile.advance} came to: a record that can be sent; one
 * that cannot, for the reason in `problem`; the end of what has been read; or
 * the end of the file.
 */
export type Step = "record" | "problem" | "starved" | "end";

/** Where in the file reading starts. */
export interface AgencyFileOptions {
  /**
   * Position of the first byte to read, the start of a line.
   *
   * @default {0}
   */
  position?: number;
  /**
   * Number of the line there.
   *
   * @default {1}
   */
  line?: number;
}

const CHUNK_SIZE = 1 << 16;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** Where the parser of quoted records puts its own count of lines. */
const PARSER_PREFIX_REGEXP = /^.*line \d+(?:, column \d+)?: /;

/** A cursor over the records of one file. */
export class AgencyFile {
  readonly #file: Deno.FsFile;
  readonly #chunk = new Uint8Array(CHUNK_SIZE);
  /** Position in the file of the chunk's first byte. */
  #position: number;
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
  /** The current line packed: its bytes, and what was seen on the way. */
  #packedSize = 0;
  #fields = 0;
  #longField = 0;
  #hasQuote = false;
  #isAscii = true;
  #problem = "";

  private constructor(file: Deno.FsFile, position: number, line: number) {
    this.#file = file;
    this.#position = position;
    this.#line = line;
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
    options: AgencyFileOptions = {},
  ): Promise<AgencyFile> {
    const { position = 0, line = 1 } = options;
    const file = await Deno.open(path, { read: true });
    await file.seek(position, Deno.SeekMode.Start);
    return new AgencyFile(file, position, line);
  }

  /** Number of the current record's line, from 1. */
  get line(): number {
    return this.#line;
  }

  /** Position in the file of the current record's first byte. */
  get start(): number {
    return this.#position + this.#start - this.#overflow;
  }

  /** Position in the file after the current record's line end. */
  get end(): number {
    return this.#position + this.#after;
  }

  /** Bytes of the current record, packed. */
  get packedSize(): number {
    return this.#packedSize;
  }

  /** Why the current record cannot be sent. */
  get problem(): string {
    return this.#problem;
  }

  /**
   * Packs the next record that has not been taken. It is cut and copied in one
   * go, so that one for which the target turns out too small is cut again.
   *
   * @param target Where to; past its end nothing is written.
   * @param at Position of the record's first length byte.
   * @returns What it came to: {@linkcode take} a `record` or `problem` to move
   * on, {@linkcode refill} after `starved`.
   */
  advance(target: Uint8Array, at: number): Step {
    while (this.#cutLine(target, at)) {
      if (this.#start === this.#end && this.#overflow === 0) {
        this.take();
        continue;
      }
      this.#problem = this.#findProblem(target, at);
      return this.#problem === "" ? "record" : "problem";
    }
    return this.#isFileRead ? "end" : "starved";
  }

  /** Takes the current record, so that {@linkcode advance} moves on. */
  take(): void {
    this.#next = this.#after;
    this.#overflow = 0;
    this.#line++;
  }

  /** Reads the next chunk behind what is left of this one. */
  async refill(): Promise<void> {
    if (this.#next === 0 && this.#filled === CHUNK_SIZE) {
      this.#overflow += CHUNK_SIZE;
      this.#next = CHUNK_SIZE;
    }
    this.#chunk.copyWithin(0, this.#next, this.#filled);
    this.#position += this.#next;
    this.#filled -= this.#next;
    this.#next = this.#after = 0;
    const read = await this.#file.read(this.#chunk.subarray(this.#filled));
    this.#filled += read ?? 0;
    this.#isFileRead = read === null;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }

  /** Cuts the next line at commas and packs it; false if it is not all there. */
  #cutLine(target: Uint8Array, start: number): boolean {
    const chunk = this.#chunk;
    const filled = this.#filled;
    const lineStart = this.#lineStart();
    let from = lineStart;
    let to = start + 1;
    let lengthAt = start;
    let fields = 1;
    let longField = 0;
    let highBits = 0;
    let hasQuote = false;
    for (; from < filled; from++) {
      const byte = chunk[from]!;
      highBits |= byte;
      // Letters and digits lie above all that matters, and are nearly all.
      if (byte <= COMMA) {
        if (byte === NEWLINE) break;
        if (byte === COMMA) {
          const size = to - lengthAt - 1;
          if (size > MAX_FIELD_SIZE) longField = fields;
          target[lengthAt] = size;
          lengthAt = to++;
          fields++;
          continue;
        }
        if (byte === QUOTE) hasQuote = true;
      }
      target[to++] = byte;
    }
    const isEnded = from < filled;
    const isLast = this.#isFileRead && (from > lineStart || this.#overflow > 0);
    if (!isEnded && !isLast) return false;
    const hasReturn = from > lineStart && chunk[from - 1] === RETURN;
    if (hasReturn) to--;
    const size = to - lengthAt - 1;
    target[lengthAt] = size;
    this.#start = lineStart;
    this.#end = hasReturn ? from - 1 : from;
    this.#after = isEnded ? from + 1 : from;
    this.#packedSize = to - start;
    this.#fields = fields;
    this.#longField = size > MAX_FIELD_SIZE ? fields : longField;
    this.#hasQuote = hasQuote;
    this.#isAscii = highBits < 0x80;
    return true;
  }

  /** Where the next line begins: behind a byte order mark, if there is one. */
  #lineStart(): number {
    if (this.#position + this.#next > 0) return this.#next;
    const hasMark = BYTE_ORDER_MARK.every((byte, i) => this.#chunk[i] === byte);
    return hasMark ? BYTE_ORDER_MARK.length : 0;
  }

  /** Why the current line cannot be sent, or nothing; unquotes it if need be. */
  #findProblem(target: Uint8Array, at: number): string {
    if (this.#overflow > 0) return `longer than ${CHUNK_SIZE} bytes`;
    if (!this.#isAscii && !isUtf8(this.#chunk, this.#start, this.#end)) {
      return "not UTF-8";
    }
    if (this.#hasQuote) return this.#unquote(target, at);
    if (this.#fields !== FIELD_KEYS.length) {
      return fieldCountProblem(this.#fields);
    }
    return this.#longField > 0
      ? `field ${this.#longField} is longer than ${MAX_FIELD_SIZE} bytes`
      : "";
  }

  /** The slow way, for the few records with quotes. */
  #unquote(target: Uint8Array, at: number): string {
    const line = this.#chunk.subarray(this.#start, this.#end);
    const packed = new Uint8Array(MAX_PACKED_BET_SIZE);
    try {
      const [fields = []] = parse(LINE_DECODER.decode(line));
      if (fields.length !== FIELD_KEYS.length) {
        return fieldCountProblem(fields.length);
      }
      let end = 0;
      for (const field of fields) end = packField(packed, end, field);
      this.#packedSize = end;
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof RangeError) {
        return messageOf(error).replace(PARSER_PREFIX_REGEXP, "");
      }
      throw error;
    }
    const free = Math.max(0, target.length - at);
    target.set(packed.subarray(0, Math.min(this.#packedSize, free)), at);
    return "";
  }
}

const LINE_DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

function fieldCountProblem(count: number): string {
  return `expected ${FIELD_KEYS.length} fields but got ${count}`;
}
