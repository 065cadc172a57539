import { BaseHandler } from "./base_handler.ts";
import type { LevelName } from "./levels.ts";
import { Logger } from "./logger.ts";

/** The loggers and handlers for {@linkcode setup}. */
export interface LogConfig {
  /** The handlers by name. */
  handlers: Record<string, BaseHandler>;
  /** The default logger: its level, and the names of its handlers. */
  loggers: { default: { level: LevelName; handlers: string[] } };
}

class ConsoleHandler extends BaseHandler {
  override log(msg: string): void {
    // deno-lint-ignore no-console -- it writes to the console
    console.log(msg);
  }
}

let handlers: BaseHandler[] = [];
let logger = new Logger("INFO", [new ConsoleHandler("INFO")]);

/**
 * Replaces the default logger and its handlers. A logger that was fetched before
 * does not change.
 *
 * @param config The new logger and handlers.
 */
export function setup(config: LogConfig): void {
  for (const handler of handlers) handler.destroy();
  handlers = Object.values(config.handlers);
  const { level, handlers: names } = config.loggers.default;
  const found = names.map((name) => config.handlers[name]);
  logger = new Logger(level, found.filter((handler) => handler !== undefined));
}

/**
 * Returns the default logger.
 *
 * @returns The logger, which is the same one until the next `setup()`.
 *
 * @example
 * ```ts
 * import { getLogger } from "@std/log";
 *
 * getLogger().warn("no configuration found");
 * ```
 */
export function getLogger(): Logger {
  return logger;
}
