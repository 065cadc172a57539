/** The level of each name. A record passes if its level is not below another. */
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

/** A level. */
export type LogLevel = typeof LogLevels[LevelName];

/**
 * Returns the level of a name.
 *
 * @param name The name.
 * @returns Its level.
 * @throws {Error} If no level has it.
 */
export function getLevelByName(name: LevelName): LogLevel {
  if (Object.hasOwn(LogLevels, name)) return LogLevels[name];
  throw new Error(`Cannot get log level: no level named ${name}`);
}

/**
 * Returns the name of a level.
 *
 * @param level The level.
 * @returns Its name.
 * @throws {Error} If there is no such level.
 */
export function getLevelName(level: LogLevel): LevelName {
  for (const name of Object.keys(LogLevels) as LevelName[]) {
    if (LogLevels[name] === level) return name;
  }
  throw new Error(`Cannot get log level: no name for level: ${level}`);
}
