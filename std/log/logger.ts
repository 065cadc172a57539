import type { BaseHandler } from "./base_handler.ts";
import { LogRecord } from "./log_record.ts";
import {
  getLevelByName,
  getLevelName,
  type LevelName,
  type LogLevel,
  LogLevels,
} from "./levels.ts";

/** The options of {@linkcode Logger}. */
export interface LoggerOptions {
  /** The destinations. */
  handlers?: BaseHandler[];
}

/**
 * Passes messages to its handlers, and returns them. A message may be a function,
 * which is called only if the level passes; else `undefined` is returned for it.
 */
export class Logger {
  /** The destinations. */
  handlers: BaseHandler[];
  readonly #name: string;
  #level: LogLevel;

  /**
   * Creates a logger.
   *
   * @param loggerName Its name.
   * @param levelName Messages below this level are dropped.
   * @param options The destinations.
   */
  constructor(
    loggerName: string,
    levelName: LevelName,
    options: LoggerOptions = {},
  ) {
    this.#name = loggerName;
    this.#level = getLevelByName(levelName);
    this.handlers = options.handlers ?? [];
  }

  /**
   * Messages below this level are dropped.
   *
   * @returns The level.
   */
  get level(): LogLevel {
    return this.#level;
  }

  set level(level: LogLevel) {
    try {
      getLevelName(level);
    } catch (cause) {
      throw new TypeError(`Invalid log level: ${level}`, { cause });
    }
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
   * The logger's name.
   *
   * @returns The name.
   */
  get loggerName(): string {
    return this.#name;
  }

  /**
   * Logs a message that helps to find a fault.
   *
   * @typeParam T The type of the message.
   * @param msg The message, or a function that returns it.
   * @param args More for the handlers.
   * @returns The message.
   */
  debug<T>(msg: T | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.DEBUG, msg, args);
  }

  /**
   * Logs a normal event.
   *
   * @typeParam T The type of the message.
   * @param msg The message, or a function that returns it.
   * @param args More for the handlers.
   * @returns The message.
   */
  info<T>(msg: T | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.INFO, msg, args);
  }

  /**
   * Logs an event that is unexpected but harmless.
   *
   * @typeParam T The type of the message.
   * @param msg The message, or a function that returns it.
   * @param args More for the handlers.
   * @returns The message.
   */
  warn<T>(msg: T | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.WARN, msg, args);
  }

  /**
   * Logs a failure.
   *
   * @typeParam T The type of the message.
   * @param msg The message, or a function that returns it.
   * @param args More for the handlers.
   * @returns The message.
   */
  error<T>(msg: T | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.ERROR, msg, args);
  }

  /**
   * Logs a failure that the program cannot recover from.
   *
   * @typeParam T The type of the message.
   * @param msg The message, or a function that returns it.
   * @param args More for the handlers.
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
    if (!passes) return isFunction(msg) ? undefined : msg;
    const value = isFunction(msg) ? msg() : msg;
    const record = new LogRecord({
      msg: toText(value),
      args,
      level,
      loggerName: this.#name,
    });
    for (const handler of this.handlers) handler.handle(record);
    return value;
  }
}

function isFunction<T>(msg: T | (() => T)): msg is () => T {
  return msg instanceof Function;
}

/** Strings stand as they are, but in quotes within an object. */
function toText(value: unknown, isProperty = false): string {
  if (typeof value === "string") return isProperty ? `"${value}"` : value;
  if (value instanceof Error) return value.stack ?? String(value);
  if (typeof value !== "object" || value === null) return String(value);
  const properties = Object.entries(value).map(([key, one]) =>
    `"${key}":${toText(one, true)}`
  );
  return `{${properties.join(",")}}`;
}
