import { BaseHandler, type BaseHandlerOptions } from "./base_handler.ts";
import { type LevelName, LogLevels } from "./levels.ts";
import type { LogRecord } from "./log_record.ts";

/** The terminal's control sequences that switch a level's color on and off. */
const COLORS: Readonly<Record<number, readonly [on: string, off: string]>> = {
  [LogLevels.INFO]: ["\x1b[34m", "\x1b[39m"],
  [LogLevels.WARN]: ["\x1b[33m", "\x1b[39m"],
  [LogLevels.ERROR]: ["\x1b[31m", "\x1b[39m"],
  [LogLevels.CRITICAL]: ["\x1b[1m\x1b[31m", "\x1b[39m\x1b[22m"],
};

/** The options of {@linkcode ConsoleHandler}. */
export interface ConsoleHandlerOptions extends BaseHandlerOptions {
  /**
   * Whether a line has the color of its level. `NO_COLOR` turns all off.
   *
   * @default {true}
   */
  useColors?: boolean;
}

/**
 * Writes records to the standard output.
 *
 * @example
 * ```ts
 * import { ConsoleHandler, setup } from "@std/log";
 *
 * setup({
 *   handlers: { console: new ConsoleHandler("INFO", { useColors: false }) },
 * });
 * ```
 */
export class ConsoleHandler extends BaseHandler {
  readonly #useColors: boolean;

  /**
   * Creates a handler.
   *
   * @param levelName The level below which records are dropped.
   * @param options How the handler writes.
   */
  constructor(levelName: LevelName, options: ConsoleHandlerOptions = {}) {
    super(levelName, options);
    this.#useColors = (options.useColors ?? true) && !Deno.noColor;
  }

  /**
   * Makes the text of a record, in the color of its level.
   *
   * @param logRecord The record.
   * @returns The text.
   */
  override format(logRecord: LogRecord): string {
    const text = super.format(logRecord);
    const color = this.#useColors ? COLORS[logRecord.level] : undefined;
    return color === undefined ? text : `${color[0]}${text}${color[1]}`;
  }

  /**
   * Writes the text of a record.
   *
   * @param msg The text.
   */
  override log(msg: string): void {
    // deno-lint-ignore no-console -- the console is what this handler is for
    console.log(msg);
  }
}
