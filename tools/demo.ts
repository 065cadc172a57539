// Entry of `deno task demo`: runs the main job, and looks for every bet in the
// store.

import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ProgramError } from "../program/errors.ts";
import { verifyStore } from "../storage/mod.ts";
import type { AgencyFile } from "./data/agency_files.ts";
import { auditStore } from "./demo/audit.ts";
import { type LotteryRun, runLottery } from "./demo/lottery.ts";
import { startCentral } from "./demo/programs.ts";
import { findProblems, formatSuccess, formatTable } from "./demo/report.ts";
import { MAX_BETS } from "./data/made_bets.ts";
import { ensureData, makeData } from "./data/make_data.ts";
import {
  interruption,
  parseWhole,
  print,
  randomPort,
  runTool,
} from "./tool.ts";

const USAGE = `Usage: deno task demo [options]

Runs a central with a store of its own, and all agencies at once, each as a
process; then looks for every bet in the store. Sends the agencies' files in the
folder, or makes them if there are none.

  --bets N        send a made set of N bets instead, 40 or more
  --dir DIR       the folder (default .data); the store goes below DIR/demo
  --watch         keep the central and its status page up until Ctrl-C
  --help          print this

Exit codes: 0 every bet is in the store, once and in order; 1 otherwise.`;

/** With fewer, the smallest of five agencies would have none. */
const MIN_BETS = 40;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      bets: { type: "string" },
      dir: { type: "string", default: ".data" },
      help: { type: "boolean", default: false },
      watch: { type: "boolean", default: false },
    },
  });
  if (values.help) return print([USAGE]);
  const bets = values.bets === undefined
    ? undefined
    : parseWhole("--bets", values.bets, [MIN_BETS, MAX_BETS]);
  const signal = interruption();
  const statusPort = randomPort();
  print([`Status: http://127.0.0.1:${statusPort}/`]);
  const folder = await makeFolder(values.dir);
  const files = bets === undefined
    ? await ensureData({ dir: values.dir })
    : await makeData({ dir: folder, bets });
  const { path, from } = files[0]!;
  print([`Data: ${files.length} files like ${path}, from ${from}`]);
  const storeFile = resolve(folder, "bets.csv");
  // All agencies take part in the draw, if their ids are 1 to N.
  const hasDraw = files.every(({ agency }, i) => agency === i + 1);
  const { central, port } = await startCentral(storeFile, {
    env: {
      SERVER_DRAW_AGENCIES: String(hasDraw ? files.length : 0),
      SERVER_STATUS_PORT: String(statusPort),
    },
    signal,
  });
  await using _central = central;
  const env = {
    CLI_DRAW_AWAIT: String(hasDraw),
    CLI_AGENCY_SENTFOLDER: `${storeFile}.sent`,
  };
  const run = await runLottery(files, { central, port, env, signal });
  if (!values.watch) await central.stop();
  const checked = values.watch ? await copyStore(storeFile) : storeFile;
  const problems = await report(run, files, checked);
  print([`Store: ${join(folder, "bets.csv")}`]);
  if (values.watch) {
    print([...problems, "Ctrl-C stops the central."]);
    await aborted(signal);
    await central.stop();
  }
  if (problems.length > 0) throw new ProgramError(problems.join("\n"));
}

/** Checks a store, prints the table, and returns the problems found. */
async function report(
  run: LotteryRun,
  files: readonly AgencyFile[],
  storeFile: string,
): Promise<string[]> {
  const audits = await auditStore(storeFile, files);
  const result = { ...run, audits, store: await verifyStore(storeFile) };
  const problems = findProblems(result);
  print(["", ...formatTable(result), ""]);
  if (problems.length === 0) print([formatSuccess(result.store)]);
  return problems;
}

/**
 * Copies the store of a running central, in the order of docs/operations.md.
 */
async function copyStore(storeFile: string): Promise<string> {
  const folder = await Deno.makeTempDir({ dir: dirname(storeFile) });
  const copy = join(folder, basename(storeFile));
  await Deno.copyFile(`${storeFile}.finished`, `${copy}.finished`);
  await Deno.copyFile(storeFile, copy);
  return copy;
}

async function makeFolder(dir: string): Promise<string> {
  const parent = join(dir, "demo");
  await Deno.mkdir(parent, { recursive: true });
  const time = new Date().toISOString().replace(/\..*/, "").replaceAll(":", "");
  return await Deno.makeTempDir({ dir: parent, prefix: `${time}-` });
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
}

if (import.meta.main) await runTool(main);
