/**
 * A file as lines of bytes, without a string for each.
 *
 * @module
 */

const INITIAL_BYTES = 1 << 18;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Reads one line after the other. */
export class LineReader {
  readonly #file: Deno.FsFile;
  #buffer = new Uint8Array(INITIAL_BYTES);
  /** What was read and not yet passed is `#buffer[#start..#end)`. */
  #start = 0;
  #end = 0;

  /**
   * Opens a file.
   *
   * @param path The file.
   */
  constructor(path: string) {
    this.#file = Deno.openSync(path);
  }

  /**
   * Reads the next line that is not empty.
   *
   * @returns The line without its LF or CRLF, valid until the next call; a last
   * one without an end counts. `undefined` at the end of the file.
   */
  next(): Uint8Array | undefined {
    for (;;) {
      const line = this.#cut();
      if (line?.length !== 0) return line;
    }
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }

  #cut(): Uint8Array | undefined {
    let searched = this.#start;
    for (;;) {
      const newline = this.#buffer.indexOf(NEWLINE, searched);
      if (newline >= 0 && newline < this.#end) {
        return this.#pass(newline, newline + 1);
      }
      searched = this.#end - this.#start;
      if (!this.#fill()) break;
    }
    if (this.#start === this.#end) return undefined;
    return this.#pass(this.#end, this.#end);
  }

  #pass(lineEnd: number, next: number): Uint8Array {
    const start = this.#start;
    this.#start = next;
    const hasReturn = lineEnd > start && this.#buffer[lineEnd - 1] === RETURN;
    return this.#buffer.subarray(start, hasReturn ? lineEnd - 1 : lineEnd);
  }

  /** Reads behind what is left, which moves to the front; false at the end. */
  #fill(): boolean {
    if (this.#start === 0 && this.#end === this.#buffer.length) {
      const larger = new Uint8Array(2 * this.#buffer.length);
      larger.set(this.#buffer);
      this.#buffer = larger;
    } else {
      this.#buffer.copyWithin(0, this.#start, this.#end);
    }
    this.#end -= this.#start;
    this.#start = 0;
    const read = this.#file.readSync(this.#buffer.subarray(this.#end));
    this.#end += read ?? 0;
    return read !== null;
  }
}
