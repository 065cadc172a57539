// Parses a command line: `--name VALUE`, `--name=VALUE`, `--switch`, operands.
//
// `parseArgs` of `node:util` does nearly the same, but loading it takes a third
// of an agency's start.

import { ProgramError } from "./errors.ts";

export interface Flag {
  readonly name: string;
  /** Placeholder of its value, for `--help`. A switch has none. */
  readonly value?: string;
  /** Whether a switch may also be written `--name=false`. */
  readonly isBoolean?: boolean;
}

export interface Arguments {
  /** The value of each given flag; "true" for a switch. */
  readonly flags: Readonly<Record<string, string>>;
  readonly operands: readonly string[];
}

const FLAG_REGEXP = /^--([^=]+)(?:=(.*))?$/s;

/**
 * Parses a command line. The last of several equal flags wins, and `-h` is
 * `--help`. Throws a `ProgramError` if a flag is unknown or lacks its value.
 */
export function parseArguments(
  args: readonly string[],
  known: readonly Flag[],
): Arguments {
  const flags: Record<string, string> = {};
  const operands: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--") return { flags, operands: [...operands, ...rest] };
    if (arg === "-" || !arg.startsWith("-")) {
      operands.push(arg);
      continue;
    }
    const [, name, inline] = FLAG_REGEXP.exec(arg === "-h" ? "--help" : arg) ??
      [];
    const flag = known.find((one) => one.name === name);
    if (!flag) throw misuse(arg, "unknown flag");
    flags[flag.name] = valueOf(flag, inline, rest);
  }
  return { flags, operands };
}

function valueOf(
  { name, value, isBoolean = false }: Flag,
  inline: string | undefined,
  rest: string[],
): string {
  if (value === undefined) {
    if (inline !== undefined && !isBoolean) {
      throw misuse(`--${name}`, "it takes no value");
    }
    return inline ?? "true";
  }
  if (inline !== undefined) return inline;
  const [next] = rest;
  if (next === undefined || /^-./.test(next)) {
    throw misuse(`--${name}`, `expected --${name} ${value}`);
  }
  rest.shift();
  return next;
}

export function misuse(argument: string, reason: string): ProgramError {
  return new ProgramError(`Cannot use ${argument}: ${reason} (see --help)`);
}
