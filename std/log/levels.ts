/** The levels by name. A record passes where its level is not below another. */
export const LogLevels = {
  NOTSET: 0,
  DEBUG: 10,
  INFO: 20,
  WARN: 30,
  ERROR: 40,
  CRITICAL: 50,
} as const;

/** The name of a level. */
export type LevelName = keyof typeof LogLevels;

/** A level as a number. */
export type LogLevel = typeof LogLevels[LevelName];

const NAMES: ReadonlyMap<number, LevelName> = new Map(
  Object.entries(LogLevels).map(([name, level]) => [level, name as LevelName]),
);

/**
 * Gets the level of a name.
 *
 * @param name The name.
 * @returns The level.
 * @throws {Error} If there is no level of that name.
 *
 * @example
 * ```ts
 * import { getLevelByName, LogLevels } from "@std/log";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(getLevelByName("WARN"), LogLevels.WARN);
 * ```
 */
export function getLevelByName(name: LevelName): LogLevel {
  // The name may come from a configuration, whatever the compiler believes.
  if (Object.hasOwn(LogLevels, name)) return LogLevels[name];
  throw new Error(`Cannot get log level: no level named ${name}`);
}

/**
 * Gets the name of a level.
 *
 * @param level The level.
 * @returns The name.
 * @throws {Error} If the level has no name.
 *
 * @example
 * ```ts
 * import { getLevelName, LogLevels } from "@std/log";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(getLevelName(LogLevels.WARN), "WARN");
 * ```
 */
export function getLevelName(level: LogLevel): LevelName {
  const name = NAMES.get(level);
  if (name !== undefined) return name;
  throw new Error(`Cannot get log level: no name for level: ${level}`);
}
