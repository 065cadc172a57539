/**
 * The configuration of both programs as one typed object: `config.yaml`, over
 * which an environment variable wins.
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

/** The configuration is not one that the programs can run with. */
export class ConfigError extends Error {
  /**
   * Creates the error.
   *
   * @param message Which key, what it is, and what was expected.
   * @param options The cause.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ConfigError";
  }
}

const AGENCY_ID_VARIABLE = "CLI_ID";
const MAX_AGENCY_ID = 4294967295;

/** Where a configuration comes from. */
export interface ConfigSources {
  /** Which program reads it. */
  program: Program;
  /** The text of `config.yaml`; empty for all defaults. */
  yaml: string;
  /** What people know the text by. */
  file: string;
  /** Gives the value of an environment variable. */
  env(variable: string): string | undefined;
}

/**
 * Puts the configuration together.
 *
 * @param sources The file's text and the environment.
 * @returns The value of every key.
 * @throws {ConfigError} If a key is unknown or its value impossible.
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
 * The agency's id, which only the environment has.
 *
 * @param env Gives the value of an environment variable.
 * @returns The id, 1 to 4294967295.
 * @throws {ConfigError} If there is none, or it is not an id.
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
 * What `--help` prints of the configuration.
 *
 * @returns A line for each key with its variables, default and meaning.
 */
export function configHelp(): string {
  const rows = [
    ["KEY", "VARIABLE", "DEFAULT", ""],
    ["(agency's id)", AGENCY_ID_VARIABLE, "", "required by the client"],
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

/** The keys of the file with their sections: `server: {port: 1}` is `server.port`. */
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
