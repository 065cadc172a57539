/**
 * What every program here has in common: flags, configuration, signals and
 * exit codes.
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
import { messageOf } from "./errors.ts";
import {
  action,
  flushLog,
  getLogger,
  setupLogging,
  writeLine,
} from "./logging.ts";

/** The program could not do its job, and people can do something about it. */
export class ProgramError extends Error {
  /**
   * Creates the error.
   *
   * @param message One line that says what, where and what was expected.
   * @param options The cause.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ProgramError";
  }
}

/** What a program is given to run with. */
export interface ProgramContext {
  /** The configuration. */
  config: Config;
  /** Aborted by SIGTERM or SIGINT, with the signal's name as the reason. */
  signal: AbortSignal;
  /** The client's `--winners FILE`: where the agency's winners go. */
  winnersFile?: string | undefined;
}

/** Exit code of a program that could not do its job. */
export const EXIT_FAILURE = 1;

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const DEFAULT_CONFIG_FILE = "config.yaml";

/** Options of {@linkcode runProgram}. */
export interface ProgramOptions {
  /**
   * The task that people start it by.
   *
   * @default {program}
   */
  task?: string;
}

/**
 * Runs a program to its end and exits.
 *
 * @param program Whose part of the configuration it reads.
 * @param main What it does; returns the exit code.
 * @param options What else there is to know of it.
 */
export async function runProgram(
  program: Program,
  main: (context: ProgramContext) => Promise<number>,
  { task = program }: ProgramOptions = {},
): Promise<never> {
  Deno.exit(await exitCodeOf(program, main, task));
}

async function exitCodeOf(
  program: Program,
  main: (context: ProgramContext) => Promise<number>,
  task: string,
): Promise<number> {
  try {
    const flags = await parseFlags(task);
    if (flags.help) {
      writeLine(Deno.stdout, help(task));
      return 0;
    }
    const config = await loadConfig(program, flags.config);
    setupLogging(config["log.level"]);
    const signal = stopSignal();
    return await main({ config, signal, winnersFile: flags.winners });
  } catch (error) {
    writeLine(Deno.stderr, `${task}: ${explain(error)}`);
    return EXIT_FAILURE;
  } finally {
    flushLog();
  }
}

const FLAGS = {
  config: { type: "string" },
  help: { type: "boolean" },
} as const;
const CLIENT_FLAGS = { ...FLAGS, winners: { type: "string" } } as const;

interface Flags {
  config?: string;
  help?: boolean;
  winners?: string;
}

async function parseFlags(task: string): Promise<Flags> {
  const args = Deno.args;
  if (args.length === 0) return {};
  // Loaded only where there are flags: it takes a third of a short start.
  const { parseArgs } = await import("node:util");
  try {
    return task === "client"
      ? parseArgs({ args, options: CLIENT_FLAGS }).values
      : parseArgs({ args, options: FLAGS }).values;
  } catch (cause) {
    throw new ProgramError(`${messageOf(cause)} (see --help)`, { cause });
  }
}

/**
 * Loads the configuration of a program.
 *
 * @param program Which of the two.
 * @param file The file; if none is given, `config.yaml` beside the programs,
 * which may be missing.
 * @param env Gives the value of an environment variable.
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
 * Logs what a server runs with.
 *
 * @param config The configuration.
 */
export function logServerConfig(config: Config): void {
  getLogger().debug(() =>
    action("config", "success", {
      port: config["server.port"],
      listen_backlog: config["server.listenBacklog"],
      logging_level: config["log.level"],
    })
  );
}

/** Aborted by the first signal that asks the program to stop. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of SIGNALS) {
    Deno.addSignalListener(signal, () => controller.abort(signal));
  }
  return controller.signal;
}

/** A fault of the surroundings is told in a line, one of ours with its stack. */
function explain(error: unknown): string {
  const isExpected = error instanceof ProgramError ||
    error instanceof ConfigError;
  return isExpected || !(error instanceof Error)
    ? messageOf(error)
    : `${error.stack}`;
}

function help(task: string): string {
  const usage = `Usage: deno task ${task} [--config FILE] [--help]`;
  const winners = `[--winners FILE]

--winners FILE waits for the draw and writes the agency's winners to FILE, one
document to a line.`;
  return `${task === "client" ? `${usage} ${winners}` : usage}

The configuration is ${DEFAULT_CONFIG_FILE} beside the programs, or FILE; an
environment variable wins over it.

${configHelp()}`;
}
