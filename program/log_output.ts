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
/** Number of waiting characters that are written immediately. */
const FLUSH_CHARS = 1 << 15;
/** Number of waiting characters beyond which lines are dropped. */
const MAX_WAITING_CHARS = 1 << 20;
const RETRY_DELAY_MS = 1000;

/** Buffers lines and writes them in order, without blocking the program. */
export class LogOutput {
  readonly #sink: LogSink;
  readonly #options: LogOutputOptions;
  #waiting = "";
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
    if (this.#waiting.length > MAX_WAITING_CHARS) {
      this.#dropped++;
      return;
    }
    this.#waiting += `${line}\n`;
    if (this.#waiting.length >= FLUSH_CHARS) this.#start();
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
        while (this.#rest.length > 0) {
          const written = await this.#sink.write(this.#rest);
          this.#rest = this.#rest.subarray(written);
        }
        if (this.#waiting === "" && this.#dropped === 0) return;
        this.#rest = new TextEncoder().encode(this.#takeWaiting());
      }
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) {
        this.#isBroken = true;
        this.#waiting = "";
        this.#rest = new Uint8Array(0);
        this.#options.onBroken(messageOf(error));
      } else {
        this.#startIn(RETRY_DELAY_MS);
      }
    }
  }

  #takeWaiting(): string {
    let text = this.#waiting;
    this.#waiting = "";
    if (this.#dropped > 0) {
      text += `${this.#options.formatDropped(this.#dropped)}\n`;
      this.#dropped = 0;
    }
    return text;
  }
}
