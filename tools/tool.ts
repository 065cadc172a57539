/**
 * What the tools have in common: how they end, and which store they are for.
 *
 * @module
 */

import { messageOf, ProgramError } from "../program/errors.ts";
import { writeLine } from "../program/logging.ts";
import { EXIT_FAILURE, loadConfig } from "../program/program.ts";

/**
 * Runs a tool. Reports a failure in one line on standard error, and sets the exit
 * code to 1.
 *
 * @param main The tool.
 * @param name Its name, which begins the line; none if the line says enough.
 */
export async function runTool(
  main: () => Promise<void>,
  name?: string,
): Promise<void> {
  try {
    await main();
  } catch (error) {
    // Whoever reads the output has enough, such as `head`.
    if (error instanceof Deno.errors.BrokenPipe) return;
    const problem = messageOf(error);
    writeLine(Deno.stderr, name ? `${name}: ${problem}` : problem);
    Deno.exitCode = EXIT_FAILURE;
  }
}

/**
 * Reads the value of one of the central's keys, from the configuration file and
 * its variable. Asks for no other variable, as the tool may not read them.
 *
 * @param key The key.
 * @param variable Its environment variable.
 * @returns The value.
 * @throws {ConfigError} If the configuration cannot be read or used.
 */
export async function readKey<
  K extends "server.credentials" | "store.file",
>(key: K, variable: string): Promise<string> {
  const config = await loadConfig(
    "server",
    undefined,
    (name) => name === variable ? Deno.env.get(name) : undefined,
  );
  return config[key];
}

/**
 * Chooses the store that a tool is for: the one that was given, or the
 * configured one.
 *
 * @param task The tool's task, for errors.
 * @param given What was given on the command line.
 * @returns The store's file.
 * @throws {ProgramError} If several were given, or a database.
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
  if (!/^postgres(?:ql)?:\/\//.test(store)) return store;
  throw new ProgramError(
    `Cannot ${task} a database here: deno task ${task}:postgres URL`,
  );
}
