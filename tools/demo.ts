/**
 * Entry of `deno task demo`: runs the main job, and looks for every bet in the
 * store.
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
import { type LotteryOptions, runLottery } from "./demo/lottery.ts";
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
  --watch         keep the central and its status page up until Ctrl-C
  --help          print this

Exit codes: 0 every bet is in the store, once and in order; 1 not so.`;

/** Rarely used ports, above those that Linux gives to clients. */
const DYNAMIC_PORTS = { min: 61000, max: 65535 };

/** Runs the demo, and returns the problems found. */
async function main(args: string[], signal: AbortSignal): Promise<string[]> {
  const { values } = parseArgs({
    args,
    options: {
      bets: { type: "string" },
      dir: { type: "string", default: ".data" },
      help: { type: "boolean", default: false },
      watch: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    print(USAGE);
    return [];
  }
  const bets = values.bets === undefined ? undefined : parseBets(values.bets);
  const statusPort = randomPort();
  print(`Status: http://127.0.0.1:${statusPort}/`);
  const folder = await makeFolder(values.dir);
  const files = bets === undefined
    ? await ensureData({ dir: values.dir })
    : await makeData({ dir: folder, bets });
  print(
    `Data: ${files.length} files like ${files[0]?.path}, from ${
      files[0]?.from
    }`,
  );
  const storeFile = join(folder, "bets.csv");
  const result = await runAndAudit(files, {
    storeFile,
    statusPort,
    signal,
    async onFinished(): Promise<void> {
      if (!values.watch) return;
      print("All agencies have ended. Ctrl-C stops the central.");
      await aborted(signal);
    },
  });
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
  options: Omit<LotteryOptions, "onProgress">,
): Promise<DemoResult> {
  const { storeFile } = options;
  using progress = new Progress(files);
  const { runs, seconds } = await runLottery(files, {
    ...options,
    onProgress: (agency, delivered) => progress.update(agency, delivered),
  });
  const audits = await auditStore(storeFile, files);
  const store = await verifyStore(storeFile);
  return { runs, seconds, audits, store };
}

/** Creates a new folder for this run. */
async function makeFolder(dir: string): Promise<string> {
  const parent = join(dir, "demo");
  await Deno.mkdir(parent, { recursive: true });
  const time = new Date().toISOString().replace(/\..*/, "").replaceAll(":", "");
  return await Deno.makeTempDir({ dir: parent, prefix: `${time}-` });
}

/** Chooses a port that is probably free. If not, the central says so. */
function randomPort(): number {
  const { min, max } = DYNAMIC_PORTS;
  return min + Math.floor(Math.random() * (max - min + 1));
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
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
