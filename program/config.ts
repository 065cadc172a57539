/**
 * Reads the configuration of both programs: `config.yaml`, overridden by
 * environment variables.
 *
 * @module
 */

import { parse } from "@std/yaml";
import { messageOf } from "./errors.ts";
import {
  type Config,
  type ConfigKey,
  configKeys,
  isConfigKey,
  keyOf,
  type Program,
} from "./config_keys.ts";
import { type Setting, wholeNumber } from "./setting.ts";

export type { Config, ConfigKey, Program };

/** The configuration cannot be used. */
export class ConfigError extends Error {
  /**
   * Creates the error.
   *
   * @param message Which key, its value, and what was expected.
   * @param options The cause.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ConfigError";
  }
}

const AGENCY_ID_VARIABLE = "CLI_ID";
/** The variable of the agency's token, which no file of ours and no flag has. */
export const TOKEN_VARIABLE = "CLI_TOKEN";
const MAX_AGENCY_ID = 4294967295;

/** Sources of a configuration. */
export interface ConfigSources {
  /** The program that reads it. */
  program: Program;
  /** Content of `config.yaml`. An empty text selects all defaults. */
  yaml: string;
  /** Name of the file, for messages. */
  file: string;
  /** Returns the value of an environment variable. */
  env(variable: string): string | undefined;
}

/**
 * Reads a configuration.
 *
 * @param sources The file's content and the environment.
 * @returns The value of every key.
 * @throws {ConfigError} If a key is unknown or a value is invalid.
 */
export function readConfig(sources: ConfigSources): Config {
  const values: Partial<Record<ConfigKey, unknown>> = {};
  for (const [name, { fallback }] of configKeys()) values[name] = fallback;
  for (const [name, value] of flatten(sources)) {
    if (!isConfigKey(name)) {
      throw new ConfigError(
        `Cannot read "${sources.file}": unknown key "${name}", expected one of ${
          configKeys().map(([key]) => key).join(", ")
        }`,
      );
    }
    const { type } = keyOf(name);
    const found = typeof value;
    const text = found === type.yaml ? String(value) : undefined;
    values[name] = parseSetting(
      type,
      text,
      `"${name}" in "${sources.file}"`,
      value,
    );
  }
  for (const [name, { type, variables }] of configKeys()) {
    const variable = variables[sources.program];
    const text = variable && sources.env(variable);
    if (text !== undefined && text !== "") {
      values[name] = parseSetting(type, text, variable!, text);
    }
  }
  return values as Config;
}

/**
 * Reads the agency's id, which only the environment has.
 *
 * @param env Returns the value of an environment variable.
 * @returns The id, 1 to 4294967295.
 * @throws {ConfigError} If it is missing or invalid.
 */
export function readAgencyId(
  env: (variable: string) => string | undefined,
): number {
  const text = env(AGENCY_ID_VARIABLE);
  return parseSetting(
    wholeNumber(1, MAX_AGENCY_ID),
    text,
    `agency's id ${AGENCY_ID_VARIABLE}`,
    text,
  );
}

/**
 * Describes the configuration for `--help`.
 *
 * @returns One line per key with its variables, default and meaning.
 */
export function configHelp(): string {
  const rows = [
    ["KEY", "VARIABLE", "DEFAULT", ""],
    ["(agency's id)", AGENCY_ID_VARIABLE, "", "required by the client"],
    ["(agency's token)", TOKEN_VARIABLE, "", "or agency.tokenFile"],
  ];
  for (const [name, { type, variables, fallback, help }] of configKeys()) {
    const variableList = Object.values(variables).join(", ");
    rows.push([name, variableList, type.format(fallback), help]);
  }
  const widths = [0, 1, 2].map((column) =>
    Math.max(...rows.map((row) => row[column]!.length))
  );
  return rows.map((row) =>
    row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ").trimEnd()
  ).join("\n");
}

function parseSetting<T>(
  type: Setting<T>,
  text: string | undefined,
  name: string,
  found: unknown,
): T {
  const value = text === undefined ? undefined : type.parse(text);
  if (value !== undefined) return value;
  const state = found === undefined ? "not set" : JSON.stringify(found);
  throw new ConfigError(
    `Cannot use ${name}: it is ${state}, expected ${type.expected}`,
  );
}

/**
 * Lists the file's keys with their sections: `server: {port: 1}` is
 * `server.port`.
 */
function flatten({ yaml, file }: ConfigSources): [string, unknown][] {
  const document = parseYaml(yaml, file) ?? {};
  if (!isMapping(document)) {
    throw new ConfigError(`Cannot read "${file}": expected sections of keys`);
  }
  return Object.entries(document).flatMap(([section, keys]) => {
    if (keys === null) return [];
    if (!isMapping(keys)) return [[section, keys]];
    return Object.entries(keys).map(([name, value]): [string, unknown] => [
      `${section}.${name}`,
      value,
    ]);
  });
}

function parseYaml(yaml: string, file: string): unknown {
  try {
    return parse(yaml);
  } catch (cause) {
    throw new ConfigError(`Cannot read "${file}": ${messageOf(cause)}`, {
      cause,
    });
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
