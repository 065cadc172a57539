// Entry of `deno task verify`: checks a store that no central holds, and
// changes nothing.

import { parseArgs } from "node:util";
import { messageOf, ProgramError } from "../program/errors.ts";
import { StoreHeldError, verifyStore } from "../storage/mod.ts";
import { chooseStore, print, runTool } from "./tool.ts";

const USAGE = `Usage: deno task verify [FILE]

Checks the store FILE (default: store.file of config.yaml) and FILE.finished,
which no central may hold: every mark, that no bet is there twice, and that the
two files belong together. Prints the bets, batches and agencies, who finished,
and the first bad byte if there is one. Changes nothing. For a database there is
deno task verify:postgres.

Exit codes: 0 the store is good; 1 it is damaged, or cannot be read.

  --help          print this`;

/**
 * Returns the lines to print, and the problem in one line if there is one.
 * Throws an `Error` if an argument or the configuration is wrong.
 */
export async function run(
  args: readonly string[],
): Promise<{ lines: string[]; problem?: string }> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { help: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  if (values.help) return { lines: [USAGE] };
  const path = await chooseStore("verify", positionals);
  try {
    const { drawAgencies, fault, ...counts } = await verifyStore(path);
    const { bets, batches, agencies, finished } = counts;
    const lines = [
      `store: ${path}`,
      `bets: ${bets}`,
      `batches: ${batches}`,
      `agencies: ${agencies}`,
      `finished: ${finished}`,
      `draw: ${
        drawAgencies === undefined ? "not held" : `of ${drawAgencies} agencies`
      }`,
      `first bad byte: ${fault ? fault.byteOffset ?? "not known" : "none"}`,
    ];
    return fault ? { lines, problem: fault.problem } : { lines };
  } catch (error) {
    return { lines: [], problem: explain(path, error) };
  }
}

function explain(path: string, error: unknown): string {
  if (error instanceof StoreHeldError) return error.message;
  const state = error instanceof Deno.errors.NotFound
    ? "it does not exist"
    : messageOf(error);
  return `Cannot verify store "${path}": ${state}`;
}

async function main(): Promise<void> {
  const { lines, problem } = await run(Deno.args);
  print(lines);
  if (problem !== undefined) throw new ProgramError(problem);
}

if (import.meta.main) await runTool(main);
