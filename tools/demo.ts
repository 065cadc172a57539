/**
 * Entry of `deno task demo`: shows the main job, from the agencies' files to a
 * store in which every bet is looked for.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../program/errors.ts";
import { writeLine } from "../program/logging.ts";
import { EXIT_FAILURE } from "../program/program.ts";
import { stopSignal } from "../program/stop_signal.ts";
import { type AgencyFile, ensureData, makeData } from "./data.ts";
import { auditStore } from "./demo/audit.ts";
import { runLottery } from "./demo/lottery.ts";
import { Progress } from "./demo/progress.ts";
import {
  type DemoResult,
  findProblems,
  formatSuccess,
  formatTable,
} from "./demo/report.ts";
import { verifyStore } from "./verify.ts";

const USAGE = `Usage: deno task demo [options]

Runs a central with a store of its own, and all agencies at once, each as a
process; then looks for every bet in the store. The agencies' files are those of
the folder, which are made if there are none.

  --bets N        send a made set of N bets instead
  --dir DIR       the folder (default .data); the store goes below DIR/demo
  --help          print this

Exit codes: 0 every bet is in the store, once and in order; 1 not so.`;

/** Does what the arguments ask for; returns what is not as it should be. */
async function main(args: string[], signal: AbortSignal): Promise<string[]> {
  const { values } = parseArgs({
    args,
    options: {
      bets: { type: "string" },
      dir: { type: "string", default: ".data" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    print(USAGE);
    return [];
  }
  const folder = await makeFolder(values.dir);
  const files = values.bets === undefined
    ? await ensureData({ dir: values.dir })
    : await makeData({ dir: folder, bets: parseBets(values.bets) });
  print(
    `Data: ${files.length} files like ${files[0]?.path}, from ${
      files[0]?.from
    }`,
  );
  const storeFile = join(folder, "bets.csv");
  const result = await runAndAudit(files, storeFile, signal);
  const problems = findProblems(result);
  print("");
  for (const line of formatTable(result)) print(line);
  print("");
  if (problems.length === 0) print(formatSuccess(result.store));
  print(`Store: ${storeFile}`);
  return problems;
}

async function runAndAudit(
  files: readonly AgencyFile[],
  storeFile: string,
  signal: AbortSignal,
): Promise<DemoResult> {
  using progress = new Progress(files);
  const { runs, seconds } = await runLottery(files, {
    storeFile,
    signal,
    onProgress: (agency, delivered) => progress.update(agency, delivered),
  });
  const audits = await auditStore(storeFile, files);
  const store = await verifyStore(storeFile);
  return { runs, seconds, audits, store };
}

/** A new folder for this run; no earlier one is touched. */
async function makeFolder(dir: string): Promise<string> {
  const parent = join(dir, "demo");
  await Deno.mkdir(parent, { recursive: true });
  const time = new Date().toISOString().replace(/\..*/, "").replaceAll(":", "");
  return await Deno.makeTempDir({ dir: parent, prefix: `${time}-` });
}

function parseBets(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new RangeError(`Cannot use --bets "${text}": it is not a whole number`);
}

function print(line: string): void {
  writeLine(Deno.stdout, line);
}

async function exitCode(): Promise<number> {
  try {
    const problems = await main(Deno.args, stopSignal(stopError));
    for (const problem of problems) writeLine(Deno.stderr, problem);
    return problems.length > 0 ? EXIT_FAILURE : 0;
  } catch (error) {
    writeLine(Deno.stderr, messageOf(error));
    return EXIT_FAILURE;
  }
}

function stopError(signal: Deno.Signal): Error {
  return new Error(`Cannot go on: stopped by ${signal}`);
}

if (import.meta.main) Deno.exit(await exitCode());
