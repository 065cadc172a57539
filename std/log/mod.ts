/**
 * The part of `@std/log` that this project uses, with upstream's names and
 * behaviour. Differences: messages are strings, or functions that return one,
 * without further arguments; there is only the default logger; before `setup()`
 * it writes to the console without colors.
 *
 * @module
 */

export {
  BaseHandler,
  type BaseHandlerOptions,
  type LogRecord,
} from "./base_handler.ts";
export type { LevelName } from "./levels.ts";
export type { Logger } from "./logger.ts";
export { getLogger, type LogConfig, setup } from "./setup.ts";
