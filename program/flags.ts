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
  /** Flags that cannot be given together with it. */
  readonly excludes?: readonly string[];
  /** The program that has the flag, if it is another one. */
  readonly owner?: string;
  /** The flags that replace another program's flag in this one. */
  readonly counterpart?: string | undefined;
}

export interface Arguments {
  /** The value of each given flag; "true" for a switch. */
  readonly flags: Readonly<Record<string, string>>;
  readonly operands: readonly string[];
}

const FLAG_REGEXP = /^--([^=]+)(?:=(.*))?$/s;

/**
 * Parses a command line, in which `-h` is `--help`. Throws a `ProgramError` if
 * a flag is unknown, given twice, lacks its value, or excludes another one.
 */
export function parseArguments(
  args: readonly string[],
  known: readonly Flag[],
): Arguments {
  const flags: Record<string, string> = {};
  const operands: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--") {
      operands.push(...rest);
      break;
    }
    if (arg === "-" || !arg.startsWith("-")) {
      operands.push(arg);
      continue;
    }
    const [, name, inline] = FLAG_REGEXP.exec(arg === "-h" ? "--help" : arg) ??
      [];
    const flag = known.find((one) => one.name === name);
    if (!flag) throw misuse(arg, "unknown flag");
    if (flag.owner !== undefined) {
      const { owner, counterpart } = flag;
      const advice = counterpart ? `; use ${counterpart} here` : "";
      throw misuse(`--${name}`, `it is a flag of the ${owner}${advice}`);
    }
    if (Object.hasOwn(flags, flag.name)) {
      throw misuse(`--${name}`, "given twice");
    }
    flags[flag.name] = valueOf(flag, inline, rest);
  }
  for (const { name, excludes = [] } of known) {
    const other = excludes.find((one) => flags[one] !== undefined);
    if (flags[name] === undefined || other === undefined) continue;
    throw misuse(`--${name}`, `not together with --${other}`);
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
  // A negative number is a value, though a wrong one.
  if (next === undefined || /^-\D/.test(next)) {
    throw misuse(`--${name}`, `expected --${name} ${value}`);
  }
  rest.shift();
  return next;
}

export function misuse(argument: string, reason: string): ProgramError {
  return new ProgramError(`Cannot use ${argument}: ${reason} (see --help)`);
}
