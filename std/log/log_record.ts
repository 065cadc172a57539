import { getLevelName, type LogLevel } from "./levels.ts";

/** The options of {@linkcode LogRecord}. */
export interface LogRecordOptions {
  /** The message. */
  msg: string;
  /** What was logged with the message. */
  args: unknown[];
  /** The level. */
  level: LogLevel;
  /** The name of the logger. */
  loggerName: string;
}

/** One thing that was logged; handlers pass it to their formatter. */
export class LogRecord {
  /** The message. */
  readonly msg: string;
  readonly #args: readonly unknown[];
  // A number, as most records are formatted without their time.
  readonly #time = Date.now();
  /** The level. */
  readonly level: number;
  /** The name of the level. */
  readonly levelName: string;
  /** The name of the logger. */
  readonly loggerName: string;

  /**
   * Creates a record of this moment.
   *
   * @param options What was logged.
   */
  constructor(options: LogRecordOptions) {
    this.msg = options.msg;
    this.#args = [...options.args];
    this.level = options.level;
    this.levelName = getLevelName(options.level);
    this.loggerName = options.loggerName;
  }

  /**
   * What was logged with the message.
   *
   * @returns A copy.
   */
  get args(): unknown[] {
    return [...this.#args];
  }

  /**
   * When it was logged.
   *
   * @returns A copy.
   */
  get datetime(): Date {
    return new Date(this.#time);
  }
}
