// Reads the configuration of both programs: flags override environment
// variables, which override `config.yaml`.

import {
  type Config,
  CONFIG_KEYS,
  type ConfigKey,
  isConfigKey,
  KEYS,
  type Program,
} from "./config_keys.ts";
import { flagOf, keysOf, variableOf } from "./config_names.ts";
import { ProgramError } from "../errors.ts";

export type { Config, ConfigKey, Program };

export interface ConfigSources {
  program: Program;
  /** The parsed `config.yaml`. `null` selects all defaults. */
  document: unknown;
  /** Name of the file, for messages. */
  file: string;
  env(variable: string): string | undefined;
  /** The given flags, by name. Some may belong to the program. */
  flags?: Readonly<Record<string, string>>;
}

type Values = { -readonly [K in ConfigKey]: Config[K] };

/** Throws a `ProgramError` if a key is unknown or a value is invalid. */
export function readConfig(sources: ConfigSources): Config {
  const { program, env, flags = {} } = sources;
  const values = defaults();
  for (const [name, value] of flatten(sources)) {
    if (!isConfigKey(name)) {
      throw new ProgramError(
        `Cannot read "${sources.file}": unknown key "${name}", expected ${
          nearestKey(name) ?? `one of ${CONFIG_KEYS.join(", ")}`
        }`,
      );
    }
    const found = typeof value;
    const text = found === KEYS[name].type.yaml ? String(value) : undefined;
    setValue(values, name, `"${name}" in "${sources.file}"`, value, text);
  }
  for (const name of keysOf(program)) {
    const variable = variableOf(name, program);
    const fromEnv = readVariable(variable, env);
    if (fromEnv) setValue(values, name, variable, fromEnv, fromEnv);
    const flag = flagOf(name, program);
    const given = flags[flag];
    if (given !== undefined) setValue(values, name, `--${flag}`, given, given);
  }
  return values;
}

/**
 * Throws a `ProgramError` if the agency's id, which has no default, is not set.
 */
export function agencyIdOf(config: Config): number {
  const id = config["agency.id"];
  if (id !== undefined) return id;
  throw new ProgramError(
    `Cannot use agency's id: CLI_ID or --id is not set, expected ${
      KEYS["agency.id"].type.expected
    }`,
  );
}

/** Throws a `ProgramError` if a variable is not UTF-8, without quoting it. */
export function readVariable(
  variable: string,
  env: ConfigSources["env"],
): string | undefined {
  try {
    return env(variable);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.InvalidData)) throw cause;
    throw new ProgramError(
      `Cannot use ${variable}: it is not UTF-8, as any text and any file's name must be`,
      { cause },
    );
  }
}

function defaults(): Values {
  const entries = CONFIG_KEYS.map((name) => {
    const { type, fallback } = KEYS[name];
    return [name, type.parse(fallback)];
  });
  return Object.fromEntries(entries);
}

function setValue<K extends ConfigKey>(
  values: Values,
  name: K,
  source: string,
  found: unknown,
  text: string | undefined,
): void {
  const { type } = KEYS[name];
  const value = text === undefined ? undefined : type.parse(text);
  if (value === undefined) {
    throw new ProgramError(
      `Cannot use ${source}: it is ${
        JSON.stringify(found)
      }, expected ${type.expected}${hintFor(text)}`,
    );
  }
  values[name] = value;
}

/** Kubernetes sets `SERVER_PORT` to a URL for a service called `server`. */
function hintFor(text: string | undefined): string {
  return text?.startsWith("tcp://")
    ? "; Kubernetes sets it for a service of this name: rename the service, or set enableServiceLinks: false"
    : "";
}

/** Most characters to change in a key that is mistyped. */
const MAX_TYPOS = 3;

/** The key that was probably meant: with few typos, or of another section. */
function nearestKey(name: string): string | undefined {
  const nameIn = (key: string) => key.slice(key.indexOf(".") + 1).toLowerCase();
  const found = CONFIG_KEYS.map((key) => ({ key, typos: typosIn(name, key) }))
    .sort((a, b) => a.typos - b.typos)[0]!;
  if (found.typos <= MAX_TYPOS) return `"${found.key}"`;
  const moved = CONFIG_KEYS.find((key) => nameIn(key) === nameIn(name));
  return moved && `"${moved}"`;
}

/** The Levenshtein distance. */
function typosIn(text: string, other: string): number {
  let before = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (const [i, character] of [...text].entries()) {
    const row = [i + 1];
    for (let j = 0; j < other.length; j++) {
      const changed = before[j]! + Number(other[j] !== character);
      row.push(Math.min(changed, before[j + 1]! + 1, row[j]! + 1));
    }
    before = row;
  }
  return before.at(-1)!;
}

/**
 * Lists the file's keys with their sections: `server: {port: 1}` is
 * `server.port`.
 */
function flatten({ document, file }: ConfigSources): [string, unknown][] {
  if (document === null) return [];
  if (!isMapping(document)) {
    throw new ProgramError(`Cannot read "${file}": expected sections of keys`);
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

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
