// What the tools share: arguments, exit, and the choice of a store.

import { messageOf, ProgramError } from "../program/errors.ts";
import { writeLine } from "../program/logging.ts";
import { EXIT_FAILURE, loadConfig, stopSignal } from "../program/program.ts";
import { wholeNumber } from "../program/config/setting.ts";
import { checkDeno } from "../program/versions.ts";

/**
 * Runs a tool and ends the process. Reports a failure in one line on standard
 * error, which begins with `name` if given, with exit code 1.
 */
export async function runTool(
  main: () => Promise<void>,
  name?: string,
): Promise<never> {
  try {
    checkDeno();
    await main();
  } catch (error) {
    // The reader of the output, such as `head`, has exited.
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit();
    const problem = isMisuse(error)
      ? `${firstSentence(messageOf(error))} (see --help)`
      : messageOf(error);
    writeLine(Deno.stderr, name ? `${name}: ${problem}` : problem);
    Deno.exit(EXIT_FAILURE);
  }
  Deno.exit();
}

/** Whether `parseArgs` has refused the arguments. */
function isMisuse(error: unknown): boolean {
  return error instanceof Error && (
    "code" in error && /^ERR_PARSE_ARGS/.test(String(error.code)) ||
    isMisuse(error.cause)
  );
}

/** `parseArgs` advises about other arguments than these. */
function firstSentence(text: string): string {
  return text.replace(/\.?\s(?:To specify|Did you forget)[^]*$/, "");
}

/** Rarely used ports, above those that Linux gives to clients. */
const DYNAMIC_PORTS = { min: 61000, max: 65535 };

/** Chooses a port that is probably free. If not, the program there says so. */
export function randomPort(): number {
  const { min, max } = DYNAMIC_PORTS;
  return min + Math.floor(Math.random() * (max - min + 1));
}

export function print(lines: readonly string[]): void {
  for (const line of lines) writeLine(Deno.stdout, line);
}

/** Returns a signal that SIGINT, SIGTERM and SIGHUP abort with an `Error`. */
export function interruption(): AbortSignal {
  return stopSignal((signal) =>
    new Error(`Cannot continue: stopped by ${signal}`)
  );
}

/**
 * Parses a whole number. Throws a `RangeError` that names the flag if it is not
 * from `least` to `most`.
 */
export function parseWhole(
  flag: string,
  text: string,
  [least, most]: readonly [least: number, most: number],
): number {
  const setting = wholeNumber(least, most);
  const value = setting.parse(text);
  if (value !== undefined) return value;
  throw new RangeError(
    `Cannot use ${flag} "${text}": it must be ${setting.expected}`,
  );
}

/**
 * Reads one of the central's keys from the configuration file and its variable.
 * Reads no other variable, because the tools may not. Throws a `ProgramError`
 * if the configuration cannot be used.
 */
export async function readKey<K extends "server.credentials" | "store.file">(
  key: K,
  variable: string,
): Promise<string> {
  const read = (name: string) =>
    name === variable ? Deno.env.get(name) : undefined;
  return (await loadConfig("server", { env: read }))[key];
}

/** Whether a store is a URL, and not a path. */
export function isDatabase(store: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(store);
}

/**
 * Returns the store file on the command line, else the configured one. Throws a
 * `ProgramError` for several, or for a database.
 */
export async function chooseStore(
  task: "export" | "verify",
  given: readonly string[],
): Promise<string> {
  if (given.length > 1) {
    throw new ProgramError(
      `Cannot ${task} ${given.length} stores: one at a time`,
    );
  }
  const store = given[0] ?? await readKey("store.file", "SERVER_STORE_FILE");
  if (!isDatabase(store)) return store;
  throw new ProgramError(
    `Cannot ${task} a database here: deno task ${task}:postgres URL`,
  );
}
