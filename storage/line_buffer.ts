/**
 * Lines of ASCII for one write.
 *
 * @module
 */

import type { EntryBuffer } from "./append_log.ts";

/** Number of bytes from which no more lines are added before a write. */
const FULL_BYTES = 1_000_000;

/** Collects lines. It is emptied and reused. */
export class LineBuffer implements EntryBuffer {
  #text = "";

  /** The lines so far. */
  get rows(): Uint8Array {
    return new TextEncoder().encode(this.#text);
  }

  /** Number of bytes so far. */
  get length(): number {
    return this.#text.length;
  }

  /** Whether there are enough lines for one write. */
  get isFull(): boolean {
    return this.#text.length > FULL_BYTES;
  }

  /**
   * Adds a line.
   *
   * @param ascii The line without its end, ASCII only.
   */
  addLine(ascii: string): void {
    this.#text += `${ascii}\n`;
  }

  /**
   * Removes the last lines.
   *
   * @param length Number of bytes to keep.
   */
  truncate(length: number): void {
    this.#text = this.#text.slice(0, length);
  }

  /** Empties the buffer. */
  clear(): void {
    this.#text = "";
  }
}
