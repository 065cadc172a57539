/**
 * The part of `@std/log` that this project uses, with upstream's names and
 * behaviour. Differences: before `setup()` the console is written without colors;
 * upstream's functions for the default logger, formatters and other handlers are
 * missing.
 *
 * @module
 */

export {
  BaseHandler,
  type BaseHandlerOptions,
  type FormatterFunction,
} from "./base_handler.ts";
export {
  getLevelByName,
  getLevelName,
  type LevelName,
  type LogLevel,
  LogLevels,
} from "./levels.ts";
export { Logger, type LoggerOptions } from "./logger.ts";
export type { LogRecord } from "./log_record.ts";
export {
  getLogger,
  type LogConfig,
  type LoggerConfig,
  setup,
} from "./setup.ts";
