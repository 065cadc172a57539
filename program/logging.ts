/**
 * The log: one line per event, on standard output.
 *
 * ```text
 * 2026-11-24 09:30:00 INFO     action: apuesta_recibida | result: success | cantidad: 150
 * ```
 *
 * @module
 */

import {
  BaseHandler,
  getLogger,
  type LevelName,
  type LogRecord,
  setup,
} from "@std/log";
import { messageOf } from "./errors.ts";

/** The result of an action. */
export type Result = "success" | "fail" | "in_progress";

/** More fields of a line. Those that are `undefined` are left out. */
export type Details = Readonly<
  Record<string, string | number | boolean | undefined>
>;

/** Longest time that a line is buffered, so that one write takes many. */
const FLUSH_DELAY_MS = 50;
/** Number of buffered characters that are written immediately. */
const FLUSH_SIZE = 1 << 15;
const LEVEL_WIDTH = 8;
/** Erases a progress bar in the terminal line. */
const ERASE_LINE = "\x1b[K";
// deno-lint-ignore no-control-regex -- it is meant to find control characters
const CONTROL_REGEXP = /[\0-\x1f\x7f-\x9f\u2028\u2029]/g;

/**
 * Formats a log line, without time and level. Line breaks and other control
 * characters are escaped, so that no peer can forge a line.
 *
 * @param action What happened.
 * @param result The result.
 * @param details More fields, in order.
 * @returns `action: … | result: … | key: value …`.
 */
export function action(
  action: string,
  result: Result,
  details: Details = {},
): string {
  let text = `action: ${action} | result: ${result}`;
  for (const key in details) {
    const value = details[key];
    if (value !== undefined) text += ` | ${key}: ${value}`;
  }
  return text.replace(CONTROL_REGEXP, escapeControl);
}

/**
 * Sets up the log behind `getLogger()`.
 *
 * @param level Lines below this level are left out.
 */
export function setupLogging(level: LevelName): void {
  handler = new StdoutHandler("NOTSET", { formatter: formatRecord });
  setup({
    handlers: { stdout: handler },
    loggers: { default: { level, handlers: ["stdout"] } },
  });
}

/** Writes the buffered lines. */
export function flushLog(): void {
  handler?.flush();
}

export { getLogger };

let handler: StdoutHandler | undefined;

/** Buffers lines and writes them in order. */
class StdoutHandler extends BaseHandler {
  readonly #linePrefix = Deno.stdout.isTerminal() ? ERASE_LINE : "";
  #waiting = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isBroken = false;

  override log(line: string): void {
    if (this.#isBroken) return;
    this.#waiting += `${this.#linePrefix}${line}\n`;
    if (this.#waiting.length >= FLUSH_SIZE) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_DELAY_MS);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const bytes = new TextEncoder().encode(this.#waiting);
    this.#waiting = "";
    try {
      for (let at = 0; at < bytes.length;) {
        at += Deno.stdout.writeSync(bytes.subarray(at));
      }
    } catch (error) {
      // Without a reader the program goes on: bets matter more than their log.
      this.#isBroken = true;
      writeLine(Deno.stderr, `Cannot write log: ${messageOf(error)}`);
    }
  }

  override destroy(): void {
    this.flush();
  }
}

/**
 * Writes one line immediately.
 *
 * @param to The output.
 * @param line The line without its end.
 */
export function writeLine(
  to: { writeSync(bytes: Uint8Array): number },
  line: string,
): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  for (let at = 0; at < bytes.length;) at += to.writeSync(bytes.subarray(at));
}

function formatRecord(record: LogRecord): string {
  const level = record.levelName.padEnd(LEVEL_WIDTH);
  return `${formatTime(record.datetime)} ${level} ${record.msg}`;
}

let formattedSecond = NaN;
let formattedTime = "";

/**
 * Formats local time. Cached for a second, because there are thousands of
 * lines.
 */
function formatTime(time: Date): string {
  const second = Math.floor(time.getTime() / 1000);
  if (second !== formattedSecond) {
    formattedSecond = second;
    const date = [time.getFullYear(), time.getMonth() + 1, time.getDate()];
    const clock = [time.getHours(), time.getMinutes(), time.getSeconds()];
    formattedTime = `${date.map(twoDigits).join("-")} ${
      clock.map(twoDigits).join(":")
    }`;
  }
  return formattedTime;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
