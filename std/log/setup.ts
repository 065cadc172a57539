import type { BaseHandler } from "./base_handler.ts";
import { ConsoleHandler } from "./console_handler.ts";
import type { LevelName } from "./levels.ts";
import { Logger } from "./logger.ts";

/** What {@linkcode setup} makes a logger of. */
export interface LoggerConfig {
  /**
   * The level below which nothing is logged.
   *
   * @default {"INFO"}
   */
  level?: LevelName;
  /** The names of the handlers; names without a handler are skipped. */
  handlers?: string[];
}

/** What {@linkcode setup} sets up. */
export interface LogConfig {
  /** The handlers by name. */
  handlers?: Record<string, BaseHandler>;
  /** The loggers by name. */
  loggers?: Record<string, LoggerConfig>;
}

const DEFAULT_NAME = "default";

let handlers: ReadonlyMap<string, BaseHandler> = new Map();
let loggers: Map<string, Logger> = new Map();

/**
 * Replaces all handlers and loggers. What the configuration does not name is as
 * at the start: a handler "default" that writes to the console, and a logger
 * "default" with that handler, both from `INFO` on.
 *
 * A logger that was fetched before does not change; fetch it again.
 *
 * @param config The new handlers and loggers.
 *
 * @example
 * ```ts
 * import { getLogger, setup } from "@std/log";
 *
 * setup({ loggers: { server: { level: "DEBUG", handlers: ["default"] } } });
 * getLogger("server").debug("listening");
 * ```
 */
export function setup(config: LogConfig): void {
  for (const handler of handlers.values()) handler.destroy();
  handlers = new Map(Object.entries({
    [DEFAULT_NAME]: new ConsoleHandler("INFO"),
    ...config.handlers,
  }));
  for (const handler of handlers.values()) handler.setup();

  const configs = Object.entries({
    [DEFAULT_NAME]: { handlers: [DEFAULT_NAME] },
    ...config.loggers,
  });
  loggers = new Map(
    configs.map(([name, config]) => [name, createLogger(name, config)]),
  );
}

function createLogger(name: string, config: LoggerConfig): Logger {
  const found = (config.handlers ?? []).map((name) => handlers.get(name));
  return new Logger(name, config.level ?? "INFO", {
    handlers: found.filter((handler) => handler !== undefined),
  });
}

/**
 * Gets a logger. One that {@linkcode setup} did not name has no handlers, and
 * the level `NOTSET`.
 *
 * @param name The name; the default logger's if it is left out.
 * @returns The logger, always the same one until the next `setup()`.
 *
 * @example
 * ```ts
 * import { getLogger } from "@std/log";
 *
 * getLogger().warn("no configuration found");
 * ```
 */
export function getLogger(name: string = DEFAULT_NAME): Logger {
  const known = loggers.get(name);
  if (known !== undefined) return known;
  const logger = new Logger(name, "NOTSET");
  loggers.set(name, logger);
  return logger;
}

setup({});
