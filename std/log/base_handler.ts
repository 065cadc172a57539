import {
  getLevelByName,
  getLevelName,
  type LevelName,
  type LogLevel,
} from "./levels.ts";
import type { LogRecord } from "./log_record.ts";

/** Formats a record. */
export type FormatterFunction = (logRecord: LogRecord) => string;

/** The options of {@linkcode BaseHandler}. */
export interface BaseHandlerOptions {
  /** Formats a record. The default is level and message. */
  formatter?: FormatterFunction;
}

/**
 * A destination of records. A subclass implements {@linkcode BaseHandler.log}.
 *
 * @example
 * ```ts
 * import { BaseHandler } from "@std/log";
 *
 * class ArrayHandler extends BaseHandler {
 *   readonly lines: string[] = [];
 *   override log(msg: string): void {
 *     this.lines.push(msg);
 *   }
 * }
 * ```
 */
export abstract class BaseHandler {
  /** Formats a record. */
  formatter: FormatterFunction;
  #level: LogLevel;

  /**
   * Creates a handler.
   *
   * @param levelName Records below this level are dropped.
   * @param options How records are formatted.
   */
  constructor(levelName: LevelName, options: BaseHandlerOptions = {}) {
    this.#level = getLevelByName(levelName);
    this.formatter = options.formatter ??
      (({ levelName, msg }) => `${levelName} ${msg}`);
  }

  /**
   * Records below this level are dropped.
   *
   * @returns The level.
   */
  get level(): LogLevel {
    return this.#level;
  }

  set level(level: LogLevel) {
    this.#level = level;
  }

  /**
   * The name of the level.
   *
   * @returns The name.
   */
  get levelName(): LevelName {
    return getLevelName(this.#level);
  }

  set levelName(levelName: LevelName) {
    this.#level = getLevelByName(levelName);
  }

  /**
   * Formats and writes a record, unless its level is too low.
   *
   * @param logRecord The record.
   */
  handle(logRecord: LogRecord): void {
    if (logRecord.level >= this.#level) this.log(this.format(logRecord));
  }

  /**
   * Formats a record.
   *
   * @param logRecord The record.
   * @returns The text.
   */
  format(logRecord: LogRecord): string {
    return this.formatter(logRecord);
  }

  /**
   * Writes a formatted record.
   *
   * @param msg The text.
   */
  abstract log(msg: string): void;

  /** Prepares the handler; `setup()` calls it on the new ones. */
  setup(): void {}

  /** Releases the handler's resources; `setup()` calls it on the old ones. */
  destroy(): void {}

  /** Releases them, for `using`. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}
