/** The name of a level. */
export type LevelName =
  | "NOTSET"
  | "DEBUG"
  | "INFO"
  | "WARN"
  | "ERROR"
  | "CRITICAL";

/** The level of each name. A record passes if its level is not below another. */
export const LogLevels: Readonly<Record<LevelName, number>> = {
  NOTSET: 0,
  DEBUG: 10,
  INFO: 20,
  WARN: 30,
  ERROR: 40,
  CRITICAL: 50,
};
