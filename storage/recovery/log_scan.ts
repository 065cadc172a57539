// Reads one of the store's files from start to end, in one pass and constant
// memory: finds the whole entries, and decides what follows the last of them
// (docs/storage.md, "At the start").
//
// No field contains a line break, so every line end ends a row. Only a seal has
// a colon right before its CRC, so one byte shows whether a line ends its
// entry.

import { crc32 } from "node:zlib";
import { findEqual, viewOf, WORD_BYTES } from "../../bytes/swar.ts";
import { DamagedStoreError } from "../errors.ts";
import {
  CRC_DIGITS,
  EMPTY_END,
  isOldMark,
  type LogEnd,
  parseSeal,
  type Seal,
} from "../format/seal.ts";
import type { ReadableFile } from "../held_file.ts";
import { checkTornTail } from "./torn_tail.ts";

/** A whole entry: its lines, the last one of which ends with the seal. */
export interface LogEntry {
  /** A view that is valid until the next entry. */
  bytes: Uint8Array;
  /** Offsets in the entry of its line ends; valid until the next entry. */
  lineEnds: readonly number[];
  /** Offset in the entry of its last column, the one with the seal. */
  lastColumn: number;
  /** The last column. */
  mark: string;
  seal: Seal;
  byteOffset: number;
}

/** How far a file's whole entries reach. */
export interface FileScan {
  end: LogEnd;
  /** Its size in bytes, including a torn tail. */
  size: number;
}

export interface ScanOptions {
  name?: string;
  /** Bytes known to be flushed: no crash can have torn them. */
  flushedSize?: number;
}

const NEWLINES = 0x0a0a0a0a;
const COMMA = 0x2c;
const COLON = 0x3a;
/** Distance from the line end back to the colon before the CRC. */
const COLON_TO_NEWLINE = CRC_DIGITS + 1;
const WINDOW_BYTES = 1 << 20;
const ASCII_DECODER = new TextDecoder();

export class LogScan {
  readonly #file: ReadableFile;
  readonly #name: string;
  readonly #flushedSize: number;
  #end: LogEnd = EMPTY_END;
  /** Whether the next entry is not whole. */
  #isDamaged = false;

  constructor(file: ReadableFile, options: ScanOptions = {}) {
    this.#file = file;
    this.#name = options.name ?? "store";
    this.#flushedSize = options.flushedSize ?? 0;
  }

  /** Where the whole entries read so far end. */
  get end(): LogEnd {
    return this.#end;
  }

  /**
   * Reads the file. `findProblem` is called with each whole entry in order, and
   * returns what is wrong with it, if anything. Throws a `DamagedStoreError` if
   * something is, or if what follows the whole entries cannot be a torn tail,
   * which was never acknowledged.
   */
  async run(
    findProblem: (entry: LogEntry) => string | undefined,
  ): Promise<FileScan> {
    for await (const entries of this.windows()) {
      for (const entry of entries) {
        const problem = findProblem(entry);
        if (problem) throw this.#damage(entry.byteOffset, problem);
      }
    }
    const { size } = await this.#file.stat();
    if (size !== this.#end.size) await this.#checkRest(size);
    return { end: this.#end, size };
  }

  /**
   * Returns the whole entries, window by window: awaiting each entry would cost
   * more than reading it.
   */
  async *windows(): AsyncGenerator<Iterable<LogEntry>> {
    await this.#file.seek(0, Deno.SeekMode.Start);
    const window = new FileWindow(this.#file);
    const lineEnds: number[] = [];
    do {
      yield this.#entriesIn(window, lineEnds);
    } while (!this.#isDamaged && await window.slide(this.#end.size));
  }

  /** `lineEnds` has the next entry's line ends that were found so far. */
  *#entriesIn(window: FileWindow, lineEnds: number[]): Generator<LogEntry> {
    for (;;) {
      const start = this.#end.size - window.byteOffset;
      const lineStart = start + (lineEnds.at(-1) ?? -1) + 1;
      const newline = window.lineEndFrom(lineStart);
      if (newline < 0) return;
      lineEnds.push(newline - start);
      if (window.bytes[newline - COLON_TO_NEWLINE] !== COLON) continue;
      const entry = this.#readEntry(window, start, lineEnds);
      this.#isDamaged = !entry;
      if (!entry) return;
      yield entry;
      lineEnds.length = 0;
    }
  }

  async #checkRest(size: number): Promise<void> {
    const start = this.#end.size;
    if (start < this.#flushedSize) {
      throw this.#damage(start, "no whole entry begins there; it was flushed");
    }
    const problem = await checkTornTail(this.#file, this.#end, size);
    if (problem) throw this.#damage(start + problem.at, problem.what);
  }

  #damage(byteOffset: number, what: string): DamagedStoreError {
    return new DamagedStoreError(byteOffset, what, this.#name);
  }

  /** Returns the entry with these lines, if its CRC is right. */
  #readEntry(
    window: FileWindow,
    start: number,
    lineEnds: readonly number[],
  ): LogEntry | undefined {
    const length = lineEnds.at(-1)! + 1;
    const bytes = window.bytes.subarray(start, start + length);
    const lastColumn = bytes.lastIndexOf(COMMA) + 1;
    const mark = ASCII_DECODER.decode(bytes.subarray(lastColumn, -1));
    const seal = parseSeal(mark);
    if (!seal || crc32(bytes.subarray(0, -1 - CRC_DIGITS)) !== seal.crc) {
      return undefined;
    }
    const byteOffset = window.byteOffset + start;
    this.#checkWrite(seal, byteOffset, mark);
    this.#end = { ...seal, size: byteOffset + length };
    return { bytes, lineEnds, lastColumn, mark, seal, byteOffset };
  }

  /** An entry continues the write of the one before it, or begins another. */
  #checkWrite({ write }: Seal, byteOffset: number, mark: string): void {
    if (write === byteOffset || write === this.#end.write) return;
    throw this.#damage(
      byteOffset,
      this.#end.size === 0 && isOldMark(mark)
        ? "its marks are an older version's; export its bets with that version, and send the files to a new store"
        : `an entry of a write at byte ${write} is not at its place`,
    );
  }
}

/** A window on a file that is read from start to end. */
class FileWindow {
  /** Bytes after those read are undefined. */
  readonly bytes: Uint8Array = new Uint8Array(WINDOW_BYTES + WORD_BYTES);
  readonly #view: DataView = viewOf(this.bytes);
  readonly #file: Pick<ReadableFile, "read">;
  #byteOffset = 0;
  #length = 0;

  /** An empty window at the start of the file. */
  constructor(file: Pick<ReadableFile, "read">) {
    this.#file = file;
  }

  /** Byte offset in the file of the first byte. */
  get byteOffset(): number {
    return this.#byteOffset;
  }

  /** Returns the index of the first line end from `start` on, or -1. */
  lineEndFrom(start: number): number {
    const index = findEqual(this.#view, start, NEWLINES, this.#length);
    return index < this.#length ? index : -1;
  }

  /**
   * Drops the bytes before `start` of the file and reads more. False at the end
   * of the file, or if the window is full: no batch is that large.
   */
  async slide(start: number): Promise<boolean> {
    const dropped = start - this.#byteOffset;
    this.bytes.copyWithin(0, dropped, this.#length);
    this.#byteOffset = start;
    this.#length -= dropped;
    if (this.#length === WINDOW_BYTES) return false;
    const read = await this.#file.read(
      this.bytes.subarray(this.#length, WINDOW_BYTES),
    );
    this.#length += read ?? 0;
    return read !== null;
  }
}
