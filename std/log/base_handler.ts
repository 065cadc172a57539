import { type LevelName, LogLevels } from "./levels.ts";

/** One logged message. */
export interface LogRecord {
  /** The message. */
  readonly msg: string;
  /** The level. */
  readonly level: number;
  /** The name of the level. */
  readonly levelName: string;
  /** The time of the call. */
  readonly datetime: Date;
}

/** The options of {@linkcode BaseHandler}. */
export interface BaseHandlerOptions {
  /** Formats a record. The default is level and message. */
  formatter?: (logRecord: LogRecord) => string;
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
  readonly #level: number;
  readonly #formatter: (logRecord: LogRecord) => string;

  /**
   * Creates a handler.
   *
   * @param levelName Records below this level are dropped.
   * @param options How records are formatted.
   */
  constructor(levelName: LevelName, options: BaseHandlerOptions = {}) {
    this.#level = LogLevels[levelName];
    this.#formatter = options.formatter ??
      (({ levelName, msg }) => `${levelName} ${msg}`);
  }

  /**
   * Formats and writes a record, unless its level is too low.
   *
   * @param logRecord The record.
   */
  handle(logRecord: LogRecord): void {
    if (logRecord.level >= this.#level) this.log(this.#formatter(logRecord));
  }

  /**
   * Writes a formatted record.
   *
   * @param msg The text.
   */
  abstract log(msg: string): void;

  /** Releases the handler's resources; `setup()` calls it on the old ones. */
  destroy(): void {}
}
