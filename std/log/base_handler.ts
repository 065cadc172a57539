import {
  getLevelByName,
  getLevelName,
  type LevelName,
  type LogLevel,
} from "./levels.ts";
import type { LogRecord } from "./log_record.ts";

/**
 * Makes the text of a record.
 *
 * @param logRecord The record.
 * @returns The text.
 */
export type FormatterFunction = (logRecord: LogRecord) => string;

/** The options of {@linkcode BaseHandler}. */
export interface BaseHandlerOptions {
  /** What makes the text of a record; the default is level and message. */
  formatter?: FormatterFunction;
}

/**
 * A place where records go. A handler of one's own has to implement
 * {@linkcode BaseHandler.log} only.
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
  #level: LogLevel;
  /** What makes the text of a record. */
  formatter: FormatterFunction;

  /**
   * Creates a handler.
   *
   * @param levelName The level below which records are dropped.
   * @param options How the handler writes.
   */
  constructor(levelName: LevelName, options: BaseHandlerOptions = {}) {
    this.#level = getLevelByName(levelName);
    this.formatter = options.formatter ?? levelAndMessage;
  }

  /**
   * The level below which records are dropped.
   *
   * @returns The level.
   */
  get level(): LogLevel {
    return this.#level;
  }

  /**
   * Changes the level below which records are dropped.
   *
   * @param level The level.
   */
  set level(level: LogLevel) {
    this.#level = level;
  }

  /**
   * The name of the level below which records are dropped.
   *
   * @returns The name.
   */
  get levelName(): LevelName {
    return getLevelName(this.#level);
  }

  /**
   * Changes the level below which records are dropped.
   *
   * @param levelName The name of the level.
   * @throws {Error} If there is no level of that name.
   */
  set levelName(levelName: LevelName) {
    this.#level = getLevelByName(levelName);
  }

  /**
   * Writes a record, unless its level is below the handler's.
   *
   * @param logRecord The record.
   */
  handle(logRecord: LogRecord): void {
    if (logRecord.level >= this.#level) this.log(this.format(logRecord));
  }

  /**
   * Makes the text of a record.
   *
   * @param logRecord The record.
   * @returns The text.
   */
  format(logRecord: LogRecord): string {
    return this.formatter(logRecord);
  }

  /**
   * Writes the text of a record.
   *
   * @param msg The text.
   */
  abstract log(msg: string): void;

  /** Prepares the handler; `setup()` calls it before the first record. */
  setup(): void {}

  /** Releases what the handler holds; `setup()` calls it on the old ones. */
  destroy(): void {}

  /** Releases what the handler holds. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}

function levelAndMessage({ levelName, msg }: LogRecord): string {
  return `${levelName} ${msg}`;
}
