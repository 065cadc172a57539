import { BaseHandler } from "./base_handler.ts";
import type { LevelName } from "./levels.ts";
import { Logger } from "./logger.ts";

/** A logger for {@linkcode setup}. */
export interface LoggerConfig {
  /**
   * Messages below this level are dropped.
   *
   * @default {"INFO"}
   */
  level?: LevelName;
  /** Names of its handlers. Unknown ones are left out. */
  handlers?: string[];
}

/** The loggers and handlers for {@linkcode setup}. */
export interface LogConfig {
  /** The handlers by name. */
  handlers?: Record<string, BaseHandler>;
  /** The loggers by name. */
  loggers?: Record<string, LoggerConfig>;
}

class ConsoleHandler extends BaseHandler {
  override log(msg: string): void {
    // deno-lint-ignore no-console -- it writes to the console
    console.log(msg);
  }
}

const DEFAULT_LEVEL = "INFO";
const DEFAULT_CONFIG = {
  handlers: { default: new ConsoleHandler(DEFAULT_LEVEL) },
  loggers: { default: { level: DEFAULT_LEVEL, handlers: ["default"] } },
} as const;

let handlers: BaseHandler[] = [];
const loggers = new Map<string, Logger>();
setup({});

/**
 * Replaces all loggers and handlers. What the configuration leaves out of the
 * default logger and its handler stays. A logger that was fetched before does not
 * change.
 *
 * @param config The new loggers and handlers.
 */
export function setup(config: LogConfig): void {
  const found: Record<string, BaseHandler> = {
    ...DEFAULT_CONFIG.handlers,
    ...config.handlers,
  };
  for (const handler of handlers) handler.destroy();
  handlers = Object.values(found);
  for (const handler of handlers) handler.setup();
  loggers.clear();
  const { default: fallback } = DEFAULT_CONFIG.loggers;
  const named: Record<string, LoggerConfig> = {
    default: { ...fallback, handlers: [...fallback.handlers] },
    ...config.loggers,
  };
  for (const [name, { level, handlers: names = [] }] of Object.entries(named)) {
    const own = names.map((one) => found[one])
      .filter((handler) => handler !== undefined);
    loggers.set(
      name,
      new Logger(name, level ?? DEFAULT_LEVEL, { handlers: own }),
    );
  }
}

/**
 * Returns a logger. One that `setup()` does not know passes every message to
 * nobody.
 *
 * @param name Its name.
 * @returns The logger, which is the same one until the next `setup()`.
 *
 * @example
 * ```ts
 * import { getLogger } from "@std/log";
 *
 * getLogger().warn("no configuration found");
 * ```
 */
export function getLogger(name = "default"): Logger {
  const known = loggers.get(name);
  if (known) return known;
  const logger = new Logger(name, "NOTSET");
  loggers.set(name, logger);
  return logger;
}
