// Entry of `deno task data`: unpacks the agencies' files from the course's
// archive if it is in the folder, else makes them.

import { parseArgs } from "node:util";
import { messageOf, ProgramError } from "../program/errors.ts";
import { MAX_AGENCIES, MAX_BETS, REAL_SIZES } from "./data/made_bets.ts";
import {
  type DataOptions,
  ensureData,
  FROM_BEFORE,
  FROM_GENERATOR,
  makeData,
  REAL_TOTAL,
  unusedArchive,
} from "./data/make_data.ts";
import { parseWhole, print, runTool } from "./tool.ts";

const USAGE = `Usage: deno task data [options]

Unpacks the agencies' files from datasets.zip or dataset.zip in the folder. If
neither is there, makes a set like the real one, the same each time.

  --dir DIR       the folder (default .data)
  --bets N        bets to make in all (default ${REAL_TOTAL})
  --agencies K    agencies to make, all of one size (default ${REAL_SIZES.length}, as the real ones)
  --force         replace the whole set of agencies' files that is there
  --keep          leave the agencies' files that are there, and add none
  --help          print this`;

/**
 * Returns the lines to print. Throws an `Error` for a wrong argument, or as
 * {@linkcode makeData} does.
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
    options.bets = parseWhole("--bets", values.bets, [0, MAX_BETS]);
  }
  if (values.agencies !== undefined) {
    const range = [1, MAX_AGENCIES] as const;
    options.agencies = parseWhole("--agencies", values.agencies, range);
  }
  const files = await (values.keep ? ensureData : makeData)(options);
  const lines = files.map(({ path, bets, bytes, from }) =>
    `${path}: ${bets} bets, ${bytes} bytes, from ${from}`
  );
  if (values.keep && files[0]?.from === FROM_BEFORE) {
    const archive = await unusedArchive(values.dir, files);
    if (archive !== null) {
      lines.push(
        `using the files of an earlier run; delete ${values.dir}/agency-*.csv to use ${archive}`,
      );
    }
  }
  const asked = values.bets ?? values.agencies;
  if (asked !== undefined && files[0]?.from !== FROM_GENERATOR) {
    lines.push("--bets and --agencies not used: nothing was made");
  }
  return lines;
}

async function main(): Promise<void> {
  try {
    print(await run(Deno.args));
  } catch (cause) {
    const line = messageOf(cause).replaceAll(/\s+/g, " ");
    const known = line.startsWith("Cannot ");
    throw new ProgramError(known ? line : `Cannot make the data: ${line}`, {
      cause,
    });
  }
}

if (import.meta.main) await runTool(main);
