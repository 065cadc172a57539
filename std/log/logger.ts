import type { BaseHandler } from "./base_handler.ts";
import { type LevelName, LogLevels } from "./levels.ts";

/**
 * Passes messages to its handlers. A message may be a function, which is called
 * only if the level passes.
 */
export class Logger {
  readonly #level: number;
  readonly #handlers: readonly BaseHandler[];

  /**
   * Creates a logger.
   *
   * @param levelName Messages below this level are dropped.
   * @param handlers The destinations.
   */
  constructor(levelName: LevelName, handlers: readonly BaseHandler[]) {
    this.#level = LogLevels[levelName];
    this.#handlers = handlers;
  }

  /**
   * Logs a message that helps to find a fault.
   *
   * @param msg The message, or a function that returns it.
   */
  debug(msg: string | (() => string)): void {
    this.#log("DEBUG", msg);
  }

  /**
   * Logs a normal event.
   *
   * @param msg The message, or a function that returns it.
   */
  info(msg: string | (() => string)): void {
    this.#log("INFO", msg);
  }

  /**
   * Logs an event that is unexpected but harmless.
   *
   * @param msg The message, or a function that returns it.
   */
  warn(msg: string | (() => string)): void {
    this.#log("WARN", msg);
  }

  /**
   * Logs a failure.
   *
   * @param msg The message, or a function that returns it.
   */
  error(msg: string | (() => string)): void {
    this.#log("ERROR", msg);
  }

  /**
   * Logs a failure that the program cannot recover from.
   *
   * @param msg The message, or a function that returns it.
   */
  critical(msg: string | (() => string)): void {
    this.#log("CRITICAL", msg);
  }

  #log(levelName: LevelName, msg: string | (() => string)): void {
    const level = LogLevels[levelName];
    if (level < this.#level) return;
    const text = typeof msg === "string" ? msg : msg();
    const record = { msg: text, level, levelName, datetime: new Date() };
    for (const handler of this.#handlers) handler.handle(record);
  }
}
