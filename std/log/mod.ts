/**
 * Logging with levels, loggers and handlers: an API-compatible subset of the
 * upstream package of the same name.
 *
 * ```ts
 * import { ConsoleHandler, getLogger, setup } from "@std/log";
 *
 * setup({
 *   handlers: { console: new ConsoleHandler("DEBUG") },
 *   loggers: { default: { level: "DEBUG", handlers: ["console"] } },
 * });
 * getLogger().info("listening");
 * ```
 *
 * @module
 */

export {
  BaseHandler,
  type BaseHandlerOptions,
  type FormatterFunction,
} from "./base_handler.ts";
export {
  ConsoleHandler,
  type ConsoleHandlerOptions,
} from "./console_handler.ts";
export {
  getLevelByName,
  getLevelName,
  type LevelName,
  type LogLevel,
  LogLevels,
} from "./levels.ts";
export { LogRecord, type LogRecordOptions } from "./log_record.ts";
export { Logger, type LoggerOptions } from "./logger.ts";
export {
  getLogger,
  type LogConfig,
  type LoggerConfig,
  setup,
} from "./setup.ts";
