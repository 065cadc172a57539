/**
 * The texts of `--help` and `--version`.
 *
 * @module
 */

import {
  CONFIG_KEYS,
  type ConfigKey,
  KEYS,
  type Program,
} from "./config_keys.ts";
import { flagOf, TOKEN_VARIABLE, variableOf } from "./config_names.ts";
import type { ProgramOptions } from "./program.ts";

/** The project's version, as in `deno.json`. */
export const VERSION = "1.0.0";

const PROGRAMS: readonly Program[] = ["client", "server"];

/** Explains a program's flags and every key. */
export function programHelp(
  program: Program,
  { task = program, flags = [], operand }: ProgramOptions,
): string {
  const lines = flags.map(({ name, value, help }) => [
    value === undefined ? `--${name}` : `--${name} ${value}`,
    help,
  ]);
  return `Usage: deno task ${task} [--config FILE] [FLAGS]${
    operand === undefined ? "" : " [FILE]"
  }

${alignColumns(lines)}

Every key of the configuration can be set in config.yaml, by its variable,
and by its flag. A flag wins over a variable, and a variable over the file.

${configHelp(program)}`;
}

/** Returns the versions of the program and of what runs it. */
export function versions(): string {
  return `loteria ${VERSION}, Deno ${Deno.version.deno}`;
}

/** One line per key with its variables, flag, default and meaning. */
export function configHelp(program: Program): string {
  return alignColumns([
    ["KEY", "VARIABLE", "FLAG", "DEFAULT", ""],
    ...configRows([program]),
  ]);
}

/** Each key with its variables, flag, default and meaning. */
export function configRows(
  flagsOf: readonly Program[] = PROGRAMS,
): string[][] {
  const rows = CONFIG_KEYS.map((key) => {
    const variables = PROGRAMS.map((program) => variableOf(key, program));
    const flag = flagsOf.map((program) => flagOf(key, program)).find(Boolean);
    return [
      key,
      variables.filter(Boolean).join(", "),
      flag === undefined ? "" : `--${flag}`,
      defaultOf(key),
      KEYS[key].help,
    ];
  });
  const token = ["(agency's token)", TOKEN_VARIABLE, "", ""];
  return [...rows, [...token, "the agency's token, or agency.tokenFile"]];
}

function defaultOf<K extends ConfigKey>(key: K): string {
  const { type, fallback } = KEYS[key];
  return type.format(fallback);
}

function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]!.length))
  );
  return rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()
  ).join("\n");
}
