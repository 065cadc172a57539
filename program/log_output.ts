// The output of the log. It must never block or end the program, even if the
// reader stops reading (a pager), exits (`head -1`) or is a file on a full
// disk.

import { messageOf } from "./errors.ts";
import { startRareTimer } from "./timer.ts";

/** Where lines are written; `Deno.stdout` is one. */
export interface LogSink {
  write(bytes: Uint8Array): Promise<number>;
}

export interface LogOutputOptions {
  formatDropped(count: number): string;
  /** Called once, with the reason, when the reader is gone for good. */
  onBroken(reason: string): void;
}

/** Longest time that a line waits for others to share a write. */
const FLUSH_DELAY_MS = 50;
/** Number of waiting bytes that are written immediately. */
const FLUSH_BYTES = 1 << 15;
/** Number of waiting bytes beyond which lines are dropped. */
const MAX_WAITING_BYTES = 1 << 20;
const RETRY_DELAY_MS = 1000;
const MAX_BYTES_PER_CHAR = 3;
const NEWLINE = 0x0a;
const ENCODER = new TextEncoder();

/** Buffers lines and writes them in order, without blocking the program. */
export class LogOutput {
  readonly #sink: LogSink;
  readonly #options: LogOutputOptions;
  /**
   * The waiting lines, as bytes: every garbage collection would copy texts.
   */
  #waiting = new Uint8Array(0);
  #size = 0;
  #rest: Uint8Array = new Uint8Array(0);
  #dropped = 0;
  #cancelTimer: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #isBroken = false;

  constructor(sink: LogSink, options: LogOutputOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  /** Drops the line if too many are waiting. */
  add(line: string): void {
    if (this.#isBroken) return;
    if (this.#size > MAX_WAITING_BYTES) {
      this.#dropped++;
      return;
    }
    this.#encode(line);
    if (this.#size >= FLUSH_BYTES) this.#start();
    else this.#startIn(FLUSH_DELAY_MS);
  }

  /** Resolves once the waiting lines are written, or cannot be now. */
  async flush(): Promise<void> {
    this.#start();
    await this.#writing;
  }

  #startIn(delayMs: number): void {
    this.#cancelTimer ??= startRareTimer(() => this.#start(), delayMs);
  }

  #start(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#writing ??= this.#write().finally(() => this.#writing = undefined);
  }

  async #write(): Promise<void> {
    try {
      for (;;) {
        if (this.#rest.length === 0) this.#rest = this.#takeWaiting();
        if (this.#rest.length === 0) return;
        const written = await this.#sink.write(this.#rest);
        this.#rest = this.#rest.subarray(written);
      }
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) {
        this.#isBroken = true;
        this.#size = 0;
        this.#rest = new Uint8Array(0);
        this.#options.onBroken(messageOf(error));
      } else {
        this.#startIn(RETRY_DELAY_MS);
      }
    }
  }

  #encode(line: string): void {
    const room = MAX_BYTES_PER_CHAR * line.length + 1;
    if (this.#size + room > this.#waiting.length) {
      const larger = new Uint8Array(2 * (this.#size + room) + FLUSH_BYTES);
      larger.set(this.#waiting);
      this.#waiting = larger;
    }
    const free = this.#waiting.subarray(this.#size);
    this.#size += ENCODER.encodeInto(line, free).written;
    this.#waiting[this.#size++] = NEWLINE;
  }

  #takeWaiting(): Uint8Array {
    if (this.#dropped > 0) {
      this.#encode(this.#options.formatDropped(this.#dropped));
      this.#dropped = 0;
    }
    const taken = this.#waiting.subarray(0, this.#size);
    this.#waiting = new Uint8Array(0);
    this.#size = 0;
    return taken;
  }
}
