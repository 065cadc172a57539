// The part of an agency's file that is in memory: the start of an incomplete
// line, followed by the chunk that continues it.

import { viewOf, WORD_BYTES } from "../../bytes/swar.ts";
import { CHUNK_BYTES } from "./content.ts";
import type { SourceFile } from "./source_file.ts";

/** Longer lines, which cannot be bets, are kept only up to this size. */
export const MAX_LINE_BYTES = 1 << 16;

const NEWLINE = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;

/** Holds `bytes[next..filled)`, followed by an LF that ends every search. */
export class LineBuffer {
  readonly #source: SourceFile;
  #chunk = 0;
  /** Has an extra word at its end, because words are read at any byte. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Offset in the content of the buffer's first byte. */
  offset = 0;
  next = 0;
  filled = 0;
  /** Number of the line at `next`, from 1. */
  line = 1;
  /** Bytes of the line at `next` that were dropped after its start. */
  dropped = 0;
  /** Whether the dropped bytes have text, so that the line is not blank. */
  #hasDroppedText = false;

  constructor(source: SourceFile) {
    this.#source = source;
    const room = Math.min(CHUNK_BYTES, source.size + 1);
    this.bytes = new Uint8Array(MAX_LINE_BYTES + room + WORD_BYTES);
    this.bytes[0] = NEWLINE;
    this.view = viewOf(this.bytes);
  }

  get isAtEnd(): boolean {
    return this.#chunk >= this.#source.chunks;
  }

  /** Moves the start of the line at `next` to the front and reads on. */
  async more(): Promise<void> {
    const end = this.next + Math.min(this.filled - this.next, MAX_LINE_BYTES);
    this.dropped += this.filled - end;
    this.#hasDroppedText ||= !this.isBlank(end, this.filled);
    this.bytes.copyWithin(0, this.next, end);
    this.offset += this.next;
    this.filled = end - this.next;
    this.next = 0;
    this.filled += await this.#source.readChunk(
      this.#chunk++,
      this.bytes.subarray(this.filled),
    );
    this.bytes[this.filled] = NEWLINE;
  }

  /** Skips the line at `next`; the following one starts at `start`. */
  skipLine(start: number): void {
    this.next = start;
    this.line++;
    this.offset += this.dropped;
    this.dropped = 0;
    this.#hasDroppedText = false;
  }

  /**
   * True if the line, which is `[start..end)` and its dropped bytes, has only
   * spaces and separators, not just the configured one.
   */
  isBlank(start: number, end: number): boolean {
    if (this.#hasDroppedText) return false;
    for (let at = start; at < end; at++) {
      const byte = this.bytes[at];
      const isText = byte !== SPACE && byte !== COMMA && byte !== SEMICOLON &&
        byte !== TAB;
      if (isText) return false;
    }
    return true;
  }
}
