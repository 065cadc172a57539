// Shows the agency's progress: as a bar if standard error is a terminal, otherwise
// as a log line every half minute.

import { formatAction, getLogger } from "../../program/logging.ts";

/** How far a run has come. */
export interface Progress {
  /** The whole file is read once before it is sent. */
  phase: "reading" | "sending";
  /** Bytes of the file that were read in this phase. */
  bytes: number;
  /** Size of the file's content, known once the file is read. */
  totalBytes: number | undefined;
  /** Bets that the central has confirmed. */
  bets: number;
}

const DRAW_PERIOD_MS = 100;
const LOG_PERIOD_MS = 30_000;
const DEFAULT_COLUMNS = 80;
const MAX_BAR_WIDTH = 24;
const ERASE_LINE = "\x1b[K";
const ENCODER = new TextEncoder();

export class ProgressBar {
  readonly #isShown = Deno.stderr.isTerminal();
  #phase: Progress["phase"] | undefined;
  #startedAt = 0;
  /** The bar is shown at once, the first log line after half a minute. */
  #shownAt = this.#isShown ? -Infinity : performance.now();

  /** Shows the progress, unless the last update was shown too recently. */
  readonly update = (progress: Progress): void => {
    const now = performance.now();
    if (progress.phase !== this.#phase) {
      this.#phase = progress.phase;
      this.#startedAt = now;
    }
    const period = this.#isShown ? DRAW_PERIOD_MS : LOG_PERIOD_MS;
    if (now - this.#shownAt < period) return;
    this.#shownAt = now;
    if (this.#isShown) this.#draw(progress, now);
    else this.#log(progress);
  };

  #draw(progress: Progress, now: number): void {
    const seconds = (now - this.#startedAt) / 1000;
    // A wrapped line could not be overwritten. Some terminals report 0 columns.
    const columns = Deno.consoleSize().columns || DEFAULT_COLUMNS;
    this.#write(`${formatProgress(progress, seconds, columns - 1)}\r`);
  }

  #log({ phase, bytes, totalBytes, bets }: Progress): void {
    getLogger().info(formatAction("send_file", "in_progress", {
      phase,
      bytes,
      total_bytes: totalBytes,
      cantidad: bets,
    }));
  }

  [Symbol.dispose](): void {
    if (this.#isShown) this.#write("");
  }

  #write(text: string): void {
    Deno.stderr.writeSync(ENCODER.encode(ERASE_LINE + text));
  }
}

/**
 * Formats percentage, bets, bets per second and time left in at most `columns`.
 * The bar itself is shortened first.
 */
export function formatProgress(
  { bytes, totalBytes, bets }: Progress,
  seconds: number,
  columns = Infinity,
): string {
  if (totalBytes === undefined) {
    return `reading the file | ${bytes} bytes`.slice(0, columns);
  }
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
