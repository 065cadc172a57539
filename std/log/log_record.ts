import { getLevelName, type LevelName, type LogLevel } from "./levels.ts";

/** What a {@linkcode LogRecord} is made of. */
export interface LogRecordOptions {
  /** The message. */
  msg: string;
  /** The further arguments of the call. */
  args: unknown[];
  /** The level. */
  level: LogLevel;
  /** The name of the logger. */
  loggerName: string;
}

/** One logged message. */
export class LogRecord {
  /** The message. */
  readonly msg: string;
  /** The level. */
  readonly level: LogLevel;
  /** The name of the level. */
  readonly levelName: LevelName;
  /** The name of the logger. */
  readonly loggerName: string;
  readonly #args: unknown[];
  readonly #datetime = new Date();

  /**
   * Creates a record of this moment.
   *
   * @param options What was logged.
   */
  constructor(options: LogRecordOptions) {
    this.msg = options.msg;
    this.level = options.level;
    this.levelName = getLevelName(options.level);
    this.loggerName = options.loggerName;
    this.#args = [...options.args];
  }

  /**
   * The further arguments of the call.
   *
   * @returns A copy.
   */
  get args(): unknown[] {
    return [...this.#args];
  }

  /**
   * The time of the call.
   *
   * @returns A copy.
   */
  get datetime(): Date {
    return new Date(this.#datetime);
  }
}
