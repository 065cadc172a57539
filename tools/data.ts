/**
 * Entry of `deno task data`: unpacks the agencies' files from the course's archive
 * if it is in the folder, else makes them.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { messageOf, ProgramError } from "../program/errors.ts";
import { writeLine } from "../program/logging.ts";
import { MAX_AGENCIES, MAX_BETS, REAL_SIZES } from "./made_bets.ts";
import {
  type DataOptions,
  ensureData,
  FROM_GENERATOR,
  makeData,
  REAL_TOTAL,
} from "./make_data.ts";
import { runTool } from "./tool.ts";

export type { AgencyFile } from "./agency_files.ts";
export {
  type DataOptions,
  ensureData,
  FROM_BEFORE,
  FROM_GENERATOR,
  makeData,
} from "./make_data.ts";

const USAGE = `Usage: deno task data [options]

Unpacks the agencies' files from datasets.zip or dataset.zip in the folder. If
neither is there, makes a set like the real one, the same each time.

  --dir DIR       the folder (default .data)
  --bets N        bets to make in all (default ${REAL_TOTAL})
  --agencies K    agencies to make (default ${REAL_SIZES.length}); unless they are ${REAL_SIZES.length}, all of one size
  --force         replace the whole set of agencies' files that is there
  --keep          leave the agencies' files that are there, and add none
  --help          print this`;

/**
 * Runs `deno task data`.
 *
 * @param args Arguments of the command line.
 * @returns Lines to print.
 * @throws {Error} If an argument is wrong, or as {@linkcode makeData} does.
 */
export async function run(args: readonly string[]): Promise<string[]> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      agencies: { type: "string" },
      bets: { type: "string" },
      dir: { type: "string", default: ".data" },
      force: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
    },
  });
  if (values.help) return [USAGE];
  if (values.force && values.keep) {
    throw new RangeError("Cannot use --force with --keep: they contradict");
  }
  if (values.dir === "") throw new RangeError("Cannot use --dir: it is empty");
  const options: DataOptions = { dir: values.dir, force: values.force };
  if (values.bets !== undefined) {
    options.bets = whole("--bets", values.bets, { least: 0, most: MAX_BETS });
  }
  if (values.agencies !== undefined) {
    const range = { least: 1, most: MAX_AGENCIES };
    options.agencies = whole("--agencies", values.agencies, range);
  }
  const files = await (values.keep ? ensureData : makeData)(options);
  const lines = files.map(({ path, bets, bytes, from }) =>
    `${path}: ${bets} bets, ${bytes} bytes, from ${from}`
  );
  const asked = values.bets ?? values.agencies;
  if (asked !== undefined && files[0]?.from !== FROM_GENERATOR) {
    lines.push(
      "--bets and --agencies not used: nothing was made",
    );
  }
  return lines;
}

function whole(
  flag: string,
  text: string,
  { least, most }: { least: number; most: number },
): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new RangeError(
    `Cannot use ${flag} "${text}": it must be a whole number from ${least} to ${most}`,
  );
}

/** Describes an error in one line. */
function problem(error: unknown): string {
  const line = messageOf(error).replaceAll(/\s+/g, " ");
  return line.startsWith("Cannot ") ? line : `Cannot make the data: ${line}`;
}

async function main(): Promise<void> {
  try {
    for (const line of await run(Deno.args)) writeLine(Deno.stdout, line);
  } catch (cause) {
    throw new ProgramError(problem(cause), { cause });
  }
}

if (import.meta.main) await runTool(main);
