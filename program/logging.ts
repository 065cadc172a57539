/**
 * The log: one line for each thing that happened, on standard output.
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

/** How an action went. */
export type Result = "success" | "fail" | "in_progress";

/** What else there is to say of an action; `undefined` is left out. */
export type Details = Readonly<
  Record<string, string | number | boolean | undefined>
>;

/** Milliseconds that a line may wait, so that many go out in one write. */
const FLUSH_DELAY_MS = 50;
/** Characters that go out at once. */
const FLUSH_SIZE = 1 << 15;
const LEVEL_WIDTH = 8;
/** Erases a progress bar that stands where the line is going to. */
const ERASE_LINE = "\x1b[K";
// deno-lint-ignore no-control-regex -- what is looked for is control characters
const CONTROL_REGEXP = /[\0-\x1f\x7f-\x9f\u2028\u2029]/g;

/**
 * The text of a log line, behind time and level. Line breaks and other control
 * characters are escaped, so that no peer can write a line of its own.
 *
 * @param action What happened.
 * @param result How it went.
 * @param details What else there is to say, in order.
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
 * Sets the log up. What `getLogger()` gives from now on writes to it.
 *
 * @param level Lines below it are left out.
 */
export function setupLogging(level: LevelName): void {
  handler = new StdoutHandler("NOTSET", { formatter: formatRecord });
  setup({
    handlers: { stdout: handler },
    loggers: { default: { level, handlers: ["stdout"] } },
  });
}

/** Writes out the lines that wait. */
export function flushLog(): void {
  handler?.flush();
}

export { getLogger };

let handler: StdoutHandler | undefined;

/** Gathers lines and writes them together, in order. */
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
      // Whoever read the log has gone; bets are worth more than their log.
      this.#isBroken = true;
      writeLine(Deno.stderr, `Cannot write log: ${messageOf(error)}`);
    }
  }

  override destroy(): void {
    this.flush();
  }
}

/**
 * Writes one line at once.
 *
 * @param to Where to.
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

/** Local time; made anew once a second only, as lines come by thousands. */
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
