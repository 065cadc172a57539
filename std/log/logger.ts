import type { BaseHandler } from "./base_handler.ts";
import { toText } from "./_to_text.ts";
import {
  getLevelByName,
  getLevelName,
  type LevelName,
  type LogLevel,
  LogLevels,
} from "./levels.ts";
import { LogRecord } from "./log_record.ts";

/** The options of {@linkcode Logger}. */
export interface LoggerOptions {
  /**
   * Where the records go.
   *
   * @default {[]}
   */
  handlers?: BaseHandler[];
}

/**
 * Makes records of what is logged and passes them to its handlers.
 *
 * Each method for a level takes a message of any type, or a function that makes
 * one and is called only if the level passes. It returns the message, or
 * `undefined` for a function that was not called.
 *
 * @example
 * ```ts
 * import { ConsoleHandler, Logger } from "@std/log";
 *
 * const handlers = [new ConsoleHandler("INFO")];
 * const logger = new Logger("server", "INFO", { handlers });
 * logger.info("batch stored", 200);
 * logger.debug(() => "this function is not called");
 * ```
 */
export class Logger {
  readonly #loggerName: string;
  #level: LogLevel;
  /** Where the records go. */
  handlers: BaseHandler[];

  /**
   * Creates a logger.
   *
   * @param loggerName The name that its records carry.
   * @param levelName The level below which nothing is logged.
   * @param options Where the records go.
   */
  constructor(
    loggerName: string,
    levelName: LevelName,
    options: LoggerOptions = {},
  ) {
    this.#loggerName = loggerName;
    this.#level = getLevelByName(levelName);
    this.handlers = options.handlers ?? [];
  }

  /**
   * The level below which nothing is logged.
   *
   * @returns The level.
   */
  get level(): LogLevel {
    return this.#level;
  }

  /**
   * Changes the level below which nothing is logged.
   *
   * @param level The level.
   * @throws {TypeError} If there is no such level.
   */
  set level(level: LogLevel) {
    try {
      getLevelName(level);
    } catch (cause) {
      throw new TypeError(`Invalid log level: ${level}`, { cause });
    }
    this.#level = level;
  }

  /**
   * The name of the level below which nothing is logged.
   *
   * @returns The name.
   */
  get levelName(): LevelName {
    return getLevelName(this.#level);
  }

  /**
   * Changes the level below which nothing is logged.
   *
   * @param levelName The name of the level.
   * @throws {Error} If there is no level of that name.
   */
  set levelName(levelName: LevelName) {
    this.#level = getLevelByName(levelName);
  }

  /**
   * The name that the records carry.
   *
   * @returns The name.
   */
  get loggerName(): string {
    return this.#loggerName;
  }

  /**
   * Logs what helps to find a fault.
   *
   * @typeParam T The type of the message.
   * @param msg The message, or a function that makes it.
   * @param args What belongs to the message.
   * @returns The message.
   */
  debug<T>(msg: T | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.DEBUG, msg, args);
  }

  /**
   * Logs what happens as it should.
   *
   * @typeParam T The type of the message.
   * @param msg The message, or a function that makes it.
   * @param args What belongs to the message.
   * @returns The message.
   */
  info<T>(msg: T | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.INFO, msg, args);
  }

  /**
   * Logs what should not happen but does no harm.
   *
   * @typeParam T The type of the message.
   * @param msg The message, or a function that makes it.
   * @param args What belongs to the message.
   * @returns The message.
   */
  warn<T>(msg: T | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.WARN, msg, args);
  }

  /**
   * Logs what failed.
   *
   * @typeParam T The type of the message.
   * @param msg The message, or a function that makes it.
   * @param args What belongs to the message.
   * @returns The message.
   */
  error<T>(msg: T | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.ERROR, msg, args);
  }

  /**
   * Logs what the program cannot go on after.
   *
   * @typeParam T The type of the message.
   * @param msg The message, or a function that makes it.
   * @param args What belongs to the message.
   * @returns The message.
   */
  critical<T>(msg: T | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.CRITICAL, msg, args);
  }

  #log<T>(
    level: LogLevel,
    msg: T | (() => T),
    args: unknown[],
  ): T | undefined {
    const passes = level >= this.#level;
    const value = msg instanceof Function ? passes ? msg() : undefined : msg;
    if (passes) {
      const record = new LogRecord({
        msg: toText(value),
        args,
        level,
        loggerName: this.#loggerName,
      });
      for (const handler of this.handlers) handler.handle(record);
    }
    return value;
  }
}
