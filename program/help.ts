/**
 * The text of `--help`.
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

/** A flag that only one program has: `--<name> <VALUE>`, or `--<name>`. */
export interface ProgramFlag {
  /** Name of the flag, without dashes. */
  name: string;
  /** Placeholder of its value. A switch has none; its value is "true". */
  value?: string;
  /** What it does, for `--help`. */
  help: string;
}

/** Options of `runProgram`. */
export interface ProgramOptions {
  /**
   * Name of the task that starts it.
   *
   * @default {program}
   */
  task?: string;
  /**
   * The flags that only this program has.
   *
   * @default {[]}
   */
  flags?: readonly ProgramFlag[];
  /** The key that an argument without a flag sets. */
  operand?: ConfigKey;
}

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
