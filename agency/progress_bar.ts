/**
 * A progress bar on standard error, for people at a terminal.
 *
 * @module
 */

/** How far the agency is. */
export interface Progress {
  /** Bytes of the file that were read. */
  bytes: number;
  /** Bets that were answered. */
  bets: number;
}

/** Shortest time between two drawings. */
const DRAW_PERIOD_MS = 100;
const MAX_BAR_WIDTH = 24;
const ERASE_LINE = "\x1b[K";
const ENCODER = new TextEncoder();

/** Redraws one line. Does nothing if standard error is not a terminal. */
export class ProgressBar {
  readonly #totalBytes: number;
  readonly #isShown = Deno.stderr.isTerminal();
  readonly #startedAt = performance.now();
  #drawnAt = -Infinity;

  /**
   * Creates a bar. {@linkcode update} draws it.
   *
   * @param totalBytes Size of the whole file.
   */
  constructor(totalBytes: number) {
    this.#totalBytes = totalBytes;
  }

  /**
   * Redraws the bar, unless that was done just before.
   *
   * @param progress The current progress.
   */
  update(progress: Progress): void {
    if (!this.#isShown) return;
    const now = performance.now();
    if (now - this.#drawnAt < DRAW_PERIOD_MS) return;
    this.#drawnAt = now;
    const seconds = (now - this.#startedAt) / 1000;
    // A wrapped line could not be overwritten.
    const columns = Deno.consoleSize().columns - 1;
    const line = formatProgress(progress, this.#totalBytes, seconds, columns);
    this.#write(`${line}\r`);
  }

  /** Erases the bar. */
  [Symbol.dispose](): void {
    if (this.#isShown) this.#write("");
  }

  #write(text: string): void {
    Deno.stderr.writeSync(ENCODER.encode(ERASE_LINE + text));
  }
}

/**
 * Formats the bar.
 *
 * @param progress The current progress.
 * @param totalBytes Size of the whole file.
 * @param seconds Time since the start.
 * @param columns Largest number of characters. The bar itself is shortened
 * first.
 * @returns Bar, percentage, bets, bets per second and time left.
 */
export function formatProgress(
  { bytes, bets }: Progress,
  totalBytes: number,
  seconds: number,
  columns = Infinity,
): string {
  const part = totalBytes > 0 ? bytes / totalBytes : 1;
  const rate = seconds > 0 ? Math.round(bets / seconds) : 0;
  const left = part > 0 ? `${Math.ceil(seconds / part - seconds)}s` : "?";
  const text = `${
    Math.floor(part * 100)
  }% | ${bytes}/${totalBytes} bytes | ${bets} bets | ${rate} bets/s | ${left} left`;
  const room = columns - text.length - "[] ".length;
  const width = Math.max(0, Math.min(MAX_BAR_WIDTH, room));
  const bar = "#".repeat(Math.round(part * width)).padEnd(width, ".");
  return `[${bar}] ${text}`.slice(0, columns);
}
