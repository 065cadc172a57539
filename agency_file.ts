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
  /** The current line is `#chunk[#start..#end)`, its fields end at commas. */
  #start = 0;
  #end = 0;
  /** Bytes of the current line that had no room in the chunk. */
  #overflow = 0;
  /** The same of the line that is not all there yet. */
  #nextOverflow = 0;
  #line: number;
  #commas = 0;
  #hasQuote = false;
  #isAscii = true;
  readonly #fieldEnds = new Int32Array(FIELD_KEYS.length);
  /** The current record packed, where it had quotes. */
  readonly #unquoted = new Uint8Array(MAX_PACKED_BET_SIZE);
  #packedSize = 0;
  #isTaken = true;
  #problem = "";

  private constructor(file: Deno.FsFile, position: number, line: number) {
    this.#file = file;
    this.#position = position;
    this.#line = line - 1;
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
    return this.#position + this.#next;
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
   * Moves to the next record, or stays at one that has not been taken.
   *
   * @returns What it came to; after `starved`, {@linkcode refill} and go on.
   */
  advance(): Step {
    if (!this.#isTaken) return "record";
    while (this.#nextLine()) {
      if (this.#start === this.#end && this.#overflow === 0) continue;
      this.#problem = this.#findProblem();
      if (this.#problem !== "") return "problem";
      this.#isTaken = false;
      return "record";
    }
    return this.#isFileRead ? "end" : "starved";
  }

  /** Reads the next chunk behind what is left of this one. */
  async refill(): Promise<void> {
    if (this.#next === 0 && this.#filled === CHUNK_SIZE) {
      this.#nextOverflow += CHUNK_SIZE;
      this.#next = CHUNK_SIZE;
    }
    this.#chunk.copyWithin(0, this.#next, this.#filled);
    this.#position += this.#next;
    this.#filled -= this.#next;
    this.#next = 0;
    const read = await this.#file.read(this.#chunk.subarray(this.#filled));
    this.#filled += read ?? 0;
    this.#isFileRead = read === null;
  }

  /**
   * Packs the current record, which is taken by it.
   *
   * @param target Where to; {@linkcode packedSize} bytes must be free.
   * @param at Position of its first length byte.
   * @returns Bytes packed.
   */
  pack(target: Uint8Array, at: number): number {
    if (this.#hasQuote) {
      target.set(this.#unquoted.subarray(0, this.#packedSize), at);
    } else {
      this.#packPlain(target, at);
    }
    this.take();
    return this.#packedSize;
  }

  /** Takes the current record, so that {@linkcode advance} moves on. */
  take(): void {
    this.#isTaken = true;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }

  /** Finds the next line and cuts it at commas; false if it is not all there. */
  #nextLine(): boolean {
    const chunk = this.#chunk;
    const start = this.#lineStart();
    let at = start;
    let commas = 0;
    let highBits = 0;
    let hasQuote = false;
    for (; at < this.#filled; at++) {
      const byte = chunk[at]!;
      if (byte === NEWLINE) break;
      // Past the last field the array ignores it, and the count tells.
      if (byte === COMMA) this.#fieldEnds[commas++] = at;
      else if (byte === QUOTE) hasQuote = true;
      highBits |= byte;
    }
    const isEnded = at < this.#filled;
    const isLast = this.#isFileRead && (at > start || this.#nextOverflow > 0);
    if (!isEnded && !isLast) return false;
    this.#overflow = this.#nextOverflow;
    this.#nextOverflow = 0;
    this.#start = start;
    this.#end = at > start && chunk[at - 1] === RETURN ? at - 1 : at;
    this.#next = isEnded ? at + 1 : at;
    this.#line++;
    this.#commas = commas;
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

  /** Why the current line cannot be sent, or nothing; sets its packed size. */
  #findProblem(): string {
    if (this.#overflow > 0) return `longer than ${CHUNK_SIZE} bytes`;
    if (!this.#isAscii && !isUtf8(this.#chunk, this.#start, this.#end)) {
      return "not UTF-8";
    }
    if (this.#hasQuote) return this.#unquote();
    if (this.#commas !== FIELD_KEYS.length - 1) {
      return fieldCountProblem(this.#commas + 1);
    }
    this.#fieldEnds[this.#commas] = this.#end;
    this.#packedSize = this.#end - this.#start + 1;
    return this.#packedSize > MAX_FIELD_SIZE ? this.#findLongField() : "";
  }

  #findLongField(): string {
    let start = this.#start;
    for (const [i, end] of this.#fieldEnds.entries()) {
      if (end - start > MAX_FIELD_SIZE) {
        return `field ${i + 1} is longer than ${MAX_FIELD_SIZE} bytes`;
      }
      start = end + 1;
    }
    return "";
  }

  /** The slow way, for the few records with quotes. */
  #unquote(): string {
    const line = this.#chunk.subarray(this.#start, this.#end);
    try {
      const [fields = []] = parse(new TextDecoder().decode(line));
      if (fields.length !== FIELD_KEYS.length) {
        return fieldCountProblem(fields.length);
      }
      let at = 0;
      for (const field of fields) at = packField(this.#unquoted, at, field);
      this.#packedSize = at;
      return "";
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof RangeError) {
        return messageOf(error).replace(PARSER_PREFIX_REGEXP, "");
      }
      throw error;
    }
  }

  #packPlain(target: Uint8Array, at: number): void {
    const chunk = this.#chunk;
    let from = this.#start;
    let to = at;
    for (let field = 0; field < FIELD_KEYS.length; field++) {
      const end = this.#fieldEnds[field]!;
      target[to++] = end - from;
      while (from < end) target[to++] = chunk[from++]!;
      from++;
    }
  }
}

function fieldCountProblem(count: number): string {
  return `expected ${FIELD_KEYS.length} fields but got ${count}`;
}
