/**
 * Entry of `deno task export`: writes the bets of a store as plain CSV, without
 * the commit marks.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { ProgramError } from "../program/errors.ts";
import { writeText } from "../program/logging.ts";
import { exportStore } from "../storage/mod.ts";
import { chooseStore, print, runTool } from "./tool.ts";

const USAGE = `Usage: deno task export [FILE]

Writes the bets of the store FILE (default: store.file of config.yaml) to standard
output: agency, first name, last name, document, birthdate, number. No central may
hold the store. For a database: deno task export:postgres URL

  --help          print this`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { help: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  if (values.help) return print([USAGE]);
  const path = await chooseStore("export", positionals);
  try {
    for await (const piece of exportStore(path)) writeText(Deno.stdout, piece);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    const problem = `Cannot export store "${path}": it does not exist`;
    throw new ProgramError(problem, { cause });
  }
}

if (import.meta.main) await runTool(main, "export");
