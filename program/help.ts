// The text of `--help`.

import {
  CONFIG_KEYS,
  type ConfigKey,
  KEYS,
  type Program,
} from "./config/config_keys.ts";
import { flagOf, TOKEN_VARIABLE, variableOf } from "./config/config_names.ts";
import type { Flag } from "./flags.ts";

export interface ProgramFlag extends Flag {
  readonly help: string;
}

export interface ProgramOptions {
  /** The task that starts the program. Default: the program's name. */
  task?: string;
  flags?: readonly ProgramFlag[];
  operand?: ConfigKey;
}

const PROGRAMS: readonly Program[] = ["client", "server"];

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

${alignColumns(lines).join("\n")}

Every key of the configuration can be set in config.yaml, by its variable,
and by its flag. A flag wins over a variable, and a variable over the file.

${configHelp(program)}`;
}

/** One line per key: variables, flag, default and meaning. */
export function configHelp(program: Program): string {
  return alignColumns([
    ["KEY", "VARIABLE", "FLAG", "DEFAULT", ""],
    ...configRows([program]),
  ]).join("\n");
}

export function configRows(
  flagsOf: readonly Program[] = PROGRAMS,
): string[][] {
  const rows = CONFIG_KEYS.map((key) => {
    const { programs, fallback, help } = KEYS[key];
    const variables = programs.map((program) => variableOf(key, program));
    const reader = programs.find((program) => flagsOf.includes(program));
    const flag = reader ? `--${flagOf(key, reader)}` : "";
    return [key, variables.join(", "), flag, fallback, help];
  });
  const token = ["(agency's token)", TOKEN_VARIABLE, "", ""];
  return [...rows, [...token, "the agency's token, or agency.tokenFile"]];
}

/** Returns a table's lines. Columns from `numbersFrom` on are to the right. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  numbersFrom = Infinity,
): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]!.length))
  );
  const pad = (cell: string, column: number) =>
    column < numbersFrom
      ? cell.padEnd(widths[column]!)
      : cell.padStart(widths[column]!);
  return rows.map((row) => row.map(pad).join("  ").trimEnd());
}
