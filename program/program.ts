// What every program has: flags, configuration, signals and exit codes.

import { type Config, type Program, readConfig } from "./config/config.ts";
import { parseConfigFile } from "./config/config_file.ts";
import {
  configFlags,
  flagOf,
  unknownVariables,
} from "./config/config_names.ts";
import { failure, ProgramError, stackOf } from "./errors.ts";
import { type Arguments, misuse, parseArguments } from "./flags.ts";
import type { ProgramFlag, ProgramOptions } from "./help.ts";
import {
  escapeControls,
  flushLog,
  formatAction,
  getLogger,
  setupLogging,
  type TextOutput,
  writeLine,
} from "./logging.ts";
import { checkDeno, VERSION } from "./versions.ts";

export interface ProgramContext {
  config: Config;
  /** Aborted by a stop signal. The reason is the signal's name. */
  signal: AbortSignal;
  /** The given values of the program's own flags. */
  flags: Readonly<Record<string, string>>;
}

/** Exit code of a program that could not do its job. */
export const EXIT_FAILURE = 1;
/** Exit code of an agency with refused rows, or that could not finish yet. */
export const EXIT_REFUSED = 2;

const DEFAULT_CONFIG_FILE = "config.yaml";
/** The programs' folder. In a bundle this module is part of the program. */
const FOLDER = import.meta.url === Deno.mainModule
  ? import.meta.dirname
  : `${import.meta.dirname}/..`;

/**
 * The exit code after a signal is 128 plus its number, as for a program without
 * a handler, so that `client && archive` stops. SIGTERM is the usual way to
 * stop a service, and a success.
 */
const STOP_EXIT_CODES: ReadonlyMap<Deno.Signal, number> = new Map([
  // The terminal was closed.
  ["SIGHUP", 129],
  ["SIGINT", 130],
  ["SIGTERM", 0],
]);

const COMMON_FLAGS: readonly ProgramFlag[] = [
  {
    name: "config",
    value: "FILE",
    help: `reads FILE in place of ${DEFAULT_CONFIG_FILE} beside the programs`,
  },
  { name: "help", help: "prints this (also -h)" },
  { name: "version", help: "prints the version" },
];

/** Flags that only one program has, and the other program's flags for the same. */
const COUNTERPARTS: Readonly<Record<string, string>> = {
  host: "--server",
  port: "--server",
  server: "--host and --port",
};

export async function runProgram(
  program: Program,
  main: (context: ProgramContext) => Promise<number>,
  options: ProgramOptions = {},
): Promise<never> {
  const { task = program } = options;
  let code: number;
  try {
    code = await Promise.race([run(program, main, options), escapedError()]);
    await flushLog();
  } catch (error) {
    // The terminal must show the error last.
    await flushLog();
    code = EXIT_FAILURE;
    print(Deno.stderr, `${task}: ${explain(error)}`);
  }
  Deno.exit(code);
}

/**
 * Rejects with an error that no part of the program has caught: a bug. The
 * runtime would end the program without its last log lines.
 */
function escapedError(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    reject(event.reason);
  });
  addEventListener("error", (event) => {
    event.preventDefault();
    reject(event.error);
  });
  return promise;
}

async function run(
  program: Program,
  main: (context: ProgramContext) => Promise<number>,
  options: ProgramOptions,
): Promise<number> {
  checkDeno();
  const flags = parseFlags(program, options);
  if (flags["help"]) {
    const { programHelp } = await import("./help.ts");
    const own = [...options.flags ?? [], ...COMMON_FLAGS];
    print(Deno.stdout, programHelp(program, { ...options, flags: own }));
    return 0;
  }
  if (flags["version"]) {
    print(Deno.stdout, `loteria ${VERSION}, Deno ${Deno.version.deno}`);
    return 0;
  }
  const config = await loadConfig(program, { file: flags["config"], flags });
  setupLogging(config["log.level"]);
  if (program === "client") warnOfUnknownVariables();
  const signal = stopSignal();
  surviveFileSizeLimit();
  const code = await main({ config, signal, flags });
  return code === 0 && signal.aborted
    ? STOP_EXIT_CODES.get(signal.reason) ?? code
    : code;
}

/**
 * Returns a signal that the first stop signal aborts, with `reasonOf` its name
 * as the reason.
 */
export function stopSignal(
  reasonOf: (signal: Deno.Signal) => unknown = (signal) => signal,
): AbortSignal {
  const controller = new AbortController();
  for (const signal of STOP_EXIT_CODES.keys()) {
    Deno.addSignalListener(signal, () => controller.abort(reasonOf(signal)));
  }
  return controller.signal;
}

/**
 * Makes a write beyond the file-size limit fail like one on a full disk.
 * Without a listener SIGXFSZ kills the program without a message.
 */
function surviveFileSizeLimit(): void {
  if (Deno.build.os === "windows") return;
  Deno.addSignalListener("SIGXFSZ", () => {});
}

function parseFlags(
  program: Program,
  { flags: own = [], operand }: ProgramOptions,
): Arguments["flags"] {
  const other = program === "client" ? "server" : "client";
  const known = [
    ...configFlags(program),
    ...own,
    ...COMMON_FLAGS,
    ...configFlags(other).map((flag) => ({
      ...flag,
      owner: other,
      counterpart: COUNTERPARTS[flag.name],
    })),
  ];
  const { flags, operands } = parseArguments(Deno.args, known);
  const flag = operand && flagOf(operand, program);
  const [first, second] = operands;
  if (first === undefined) return flags;
  if (flag === undefined) throw misuse(`"${first}"`, "unexpected argument");
  if (second !== undefined || flags[flag] !== undefined) {
    throw misuse(`"${second ?? first}"`, "one file at a time");
  }
  return { ...flags, [flag]: first };
}

function warnOfUnknownVariables(): void {
  for (const variable of unknownVariables()) {
    getLogger().warn(formatAction("config", "fail", {
      variable,
      reason: "unknown variable, --help lists all",
    }));
  }
}

/** Writes a line, unless the reader has closed the pipe, as `head` does. */
function print(to: TextOutput, line: string): void {
  try {
    writeLine(to, line);
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

export interface ConfigInput {
  /** Default: the project's `config.yaml`, which may be missing. */
  file?: string | undefined;
  flags?: Arguments["flags"];
  env?: (variable: string) => string | undefined;
}

/** Throws a `ProgramError` if the configuration cannot be read or used. */
export async function loadConfig(
  program: Program,
  { file, flags = {}, env = (variable) => Deno.env.get(variable) }: ConfigInput,
): Promise<Config> {
  const path = file ?? `${FOLDER}/${DEFAULT_CONFIG_FILE}`;
  const yaml = readConfigFile(path, file === undefined);
  const document = await parseConfigFile(yaml, path);
  return readConfig({ program, document, file: path, env, flags });
}

function readConfigFile(path: string, isOptional: boolean): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    if (isOptional && cause instanceof Deno.errors.NotFound) return "";
    throw failure(`Cannot read configuration "${path}"`, cause);
  }
}

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
  return error instanceof ProgramError
    ? escapeControls(error.message)
    : stackOf(error).split("\n").map(escapeControls).join("\n");
}
