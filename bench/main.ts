/**
 * Entry of `deno task bench`: measures, prints, and compares with a baseline.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { writeLine } from "../program/logging.ts";
import { PROJECT_FOLDER } from "../tools/demo/task_process.ts";
import { MAX_BETS } from "../tools/data/made_bets.ts";
import { interruption, parseWhole, print, runTool } from "../tools/tool.ts";
import { prepareCases } from "./cases.ts";
import { AGENCIES } from "./data.ts";
import type { Case, CaseResult } from "./figures.ts";
import { describeMachine } from "./machine.ts";
import { STARTS } from "./start.ts";
import { formatResults } from "./table.ts";

const DATA_FOLDER = join(PROJECT_FOLDER, ".data/bench");
const RUNS = 5;
const BETS = 5_000_000;

const USAGE = `Usage: deno task bench [options]

Measures a central with prepared batches, the whole system with five agencies,
and crowds of agencies. Every bet and commit mark is checked after every run.

  --runs N        runs of each case, one of each in turn (default ${RUNS})
  --bets N        bets of ${AGENCIES} agencies together (default ${BETS})
  --only A,B      only cases with A or B in their names (bench/README.md)
  --redis         also measure Redis, if it is installed
  --sqlite        also measure SQLite
  --postgres      also measure PostgreSQL 15, if it is installed, and a central
                  that stores there
  --start         measure only how long an agency with one bet takes, and an
                  empty program (default ${STARTS} runs)
  --baseline REV  measure revision REV of the project in turn with this one
  --dir DIR       where data and stores are, on the disk to be measured
                  (default .data/bench); the data stays there, the stores go
  --help          print this`;

async function main(): Promise<void> {
  const options = parseOptions(Deno.args);
  if (options.help) return print([USAGE]);
  const stop = interruption();
  const folder = resolve(options.dir);
  await Deno.mkdir(folder, { recursive: true });
  const machine = await describeMachine(folder);
  await using stack = new AsyncDisposableStack();
  const cases = await prepareCases(options, folder, stack);
  if (cases.length === 0) {
    throw new Error(`Cannot measure: no case is like ${options.only}`);
  }
  const results = await runInTurn(cases, options.runs, stop);
  const about = Object.entries({ date: new Date().toISOString(), ...machine });
  print(about.map(([what, words]) => `${what}: ${words}`));
  print(formatResults(results));
}

/** Throws an `Error` if an argument is wrong. */
// deno-lint-ignore explicit-function-return-type -- the arguments say it all
function parseOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      baseline: { type: "string" },
      bets: { type: "string", default: String(BETS) },
      dir: { type: "string", default: DATA_FOLDER },
      help: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      postgres: { type: "boolean", default: false },
      redis: { type: "boolean", default: false },
      runs: { type: "string" },
      sqlite: { type: "boolean", default: false },
      start: { type: "boolean", default: false },
    },
  });
  const bets = parseWhole("--bets", values.bets, [AGENCIES, MAX_BETS]);
  const runs = values.runs ?? String(values.start ? STARTS : RUNS);
  return {
    ...values,
    runs: parseWhole("--runs", runs, [1, 1000]),
    bets: bets - bets % AGENCIES,
    only: values.only.split(",").filter((part) => part !== ""),
  };
}

/**
 * Runs each case once, then each again, so that changes on the machine affect
 * all of them. A signal ends it after the current run.
 */
async function runInTurn(
  cases: readonly Case[],
  runs: number,
  stop: AbortSignal,
): Promise<CaseResult[]> {
  const results = cases.map(({ name }): CaseResult => ({ name, runs: [] }));
  for (let run = 1; run <= runs; run++) {
    for (const [i, one] of cases.entries()) {
      stop.throwIfAborted();
      tell(`run ${run} of ${runs}: ${one.name}`);
      results[i]!.runs.push(await one.run());
    }
  }
  return results;
}

function tell(line: string): void {
  writeLine(Deno.stderr, line);
}

if (import.meta.main) await runTool(main);
