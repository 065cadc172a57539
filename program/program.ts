/**
 * What every program has: flags, configuration, signals and exit codes.
 *
 * @module
 */

import {
  type Config,
  ConfigError,
  configHelp,
  type Program,
  readConfig,
} from "./config.ts";
import { messageOf, ProgramError } from "./errors.ts";
import {
  flushLog,
  formatAction,
  getLogger,
  setupLogging,
  writeLine,
} from "./logging.ts";
import { stopSignal } from "./stop_signal.ts";

/** What a program runs with. */
export interface ProgramContext {
  /** The configuration. */
  config: Config;
  /** Aborted by a stop signal. The reason is the signal's name. */
  signal: AbortSignal;
  /** The values of the program's own flags that were given. */
  flags: Readonly<Record<string, string>>;
}

/** Exit code of a program that could not do its job. */
export const EXIT_FAILURE = 1;
/** Exit code of an agency that finished although some rows were refused. */
export const EXIT_REFUSED = 2;

const DEFAULT_CONFIG_FILE = "config.yaml";

/** A flag that only one program has: `--<name> <VALUE>`. */
export interface ProgramFlag {
  /** Name of the flag, without dashes. */
  name: string;
  /** Placeholder of its value, for `--help`. */
  value: string;
  /** What it does, for `--help`. */
  help: string;
}

/** Options of {@linkcode runProgram}. */
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
}

/**
 * Runs a program and exits.
 *
 * @param program Selects the variables of the configuration.
 * @param main The program. Returns the exit code.
 * @param options The task and its flags.
 */
export async function runProgram(
  program: Program,
  main: (context: ProgramContext) => Promise<number>,
  { task = program, flags = [] }: ProgramOptions = {},
): Promise<never> {
  Deno.exit(await exitCodeOf(program, main, { task, flags }));
}

async function exitCodeOf(
  program: Program,
  main: (context: ProgramContext) => Promise<number>,
  options: Required<ProgramOptions>,
): Promise<number> {
  const { task } = options;
  try {
    const { help, config: file, ...flags } = await parseFlags(options.flags);
    if (help !== undefined) {
      writeLine(Deno.stdout, helpOf(options));
      return 0;
    }
    const config = await loadConfig(program, file);
    setupLogging(config["log.level"]);
    return await main({ config, signal: stopSignal(), flags });
  } catch (error) {
    writeLine(Deno.stderr, `${task}: ${explain(error)}`);
    return EXIT_FAILURE;
  } finally {
    await flushLog();
  }
}

/** Returns the flags that were given; `help` is "" if it was. */
async function parseFlags(
  flags: readonly ProgramFlag[],
): Promise<Record<string, string>> {
  const args = Deno.args;
  if (args.length === 0) return {};
  // Loaded on demand: it would take a third of an agency's start.
  const { parseArgs } = await import("node:util");
  const text = { type: "string" } as const;
  const options = Object.fromEntries(flags.map(({ name }) => [name, text]));
  try {
    const { help, ...values } = parseArgs({
      args,
      options: { ...options, config: text, help: { type: "boolean" } },
    }).values as Record<string, string> & { help?: boolean };
    return help ? { ...values, help: "" } : values;
  } catch (cause) {
    throw new ProgramError(`${messageOf(cause)} (see --help)`, { cause });
  }
}

/**
 * Loads the configuration of a program.
 *
 * @param program Selects the variables of the configuration.
 * @param file The file. The default is the project's `config.yaml`, which may
 * be missing.
 * @param env Returns the value of an environment variable.
 * @returns The configuration.
 * @throws {ConfigError} If it cannot be read or used.
 */
export async function loadConfig(
  program: Program,
  file: string | undefined,
  env = (variable: string): string | undefined => Deno.env.get(variable),
): Promise<Config> {
  const path = file ?? `${import.meta.dirname}/../${DEFAULT_CONFIG_FILE}`;
  let yaml = "";
  try {
    yaml = await Deno.readTextFile(path);
  } catch (cause) {
    const isOptional = file === undefined &&
      cause instanceof Deno.errors.NotFound;
    if (!isOptional) {
      throw new ConfigError(
        `Cannot read configuration "${path}": ${messageOf(cause)}`,
        { cause },
      );
    }
  }
  return readConfig({ program, yaml, file: path, env });
}

/**
 * Logs the configuration of a server.
 *
 * @param config The configuration.
 */
export function logServerConfig(config: Config): void {
  getLogger().debug(() =>
    formatAction("config", "success", {
      port: config["server.port"],
      listen_backlog: config["server.listenBacklog"],
      logging_level: config["log.level"],
    })
  );
}

/** Formats an expected error as one line, and a bug with its stack trace. */
function explain(error: unknown): string {
  const isExpected = error instanceof ProgramError ||
    error instanceof ConfigError;
  return isExpected || !(error instanceof Error)
    ? messageOf(error)
    : `${error.stack}`;
}

function helpOf({ task, flags }: Required<ProgramOptions>): string {
  const own = flags.map(({ name, value }) => ` [--${name} ${value}]`).join("");
  const meanings = flags.map(({ name, value, help }) =>
    `--${name} ${value} ${help}\n\n`
  ).join("");
  return `Usage: deno task ${task} [--config FILE] [--help]${own}

${meanings}The configuration is ${DEFAULT_CONFIG_FILE} beside the programs, or FILE; an
environment variable wins over it.

${configHelp()}`;
}
