/**
 * Entry of `deno task bench`: measures, prints, keeps the results as JSON, and
 * compares them with earlier ones.
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { writeLine } from "../program/logging.ts";
import { PROJECT_FOLDER } from "../tools/demo/task_process.ts";
import { interruption, print, runTool } from "../tools/tool.ts";
import { drawSvg, drawText } from "./chart.ts";
import { type Case, isWanted, prepareCases } from "./cases.ts";
import { AGENCIES } from "./data.ts";
import { type CaseResult, readSitting, type Sitting } from "./figures.ts";
import { describeMachine, isBusy } from "./machine.ts";
import { runMicro } from "./micro.ts";
import { compareSittings, formatSitting } from "./table.ts";
import { FULL_BETS } from "./targets.ts";

const DATA_FOLDER = join(PROJECT_FOLDER, ".data/bench");
const OUT_FOLDER = join(PROJECT_FOLDER, "bench/out");

const USAGE = `Usage: deno task bench [options]

Measures the parts of a bet's way, the whole system with five agencies, and
crowds of agencies. Every bet and commit mark is checked after every run.

  --runs N        runs of each case, one of each in turn (default 5)
  --bets N        bets of the made set, a multiple of ${AGENCIES} (default ${FULL_BETS})
  --only A,B      only cases with A or B in their names: micro, crowd-1000,
                  crowd-5000, real-window-1, real-window-8, real-window-32, and
                  with --postgres real-postgres-copy, real-postgres-copy-150,
                  real-postgres-insert-150, real-postgres-insert-150-keyed,
                  real-database-window-8; and those with made- for real-
  --postgres      also measure PostgreSQL 15, if it is installed, and a central
                  that stores there
  --baseline REV  measure revision REV of the project in turn with this one
  --json FILE     where the results go (default bench/out/<time>.json)
  --compare FILE  compare with the results of an earlier sitting
  --show FILE     print the results of an earlier sitting; measure nothing
  --draw FILE     draw the rates, as an SVG picture for light and dark pages
  --dir DIR       where data and stores are, on the disk to be measured
                  (default .data/bench); the data stays there, the stores go
  --help          print this`;

type Options = ReturnType<typeof parseOptions>;

async function main(): Promise<void> {
  const options = parseOptions(Deno.args);
  if (options.help) return print([USAGE]);
  // Read first: an hour later is too late to say that the file does not exist.
  const earlier = options.compare === undefined
    ? undefined
    : await readSitting(options.compare);
  const sitting = options.show === undefined
    ? await measure(options)
    : await readSitting(options.show);
  print(["", ...formatSitting(sitting), "", ...drawText(sitting)]);
  if (earlier) print(["", ...compareSittings(earlier, sitting)]);
  if (options.draw !== undefined) {
    await Deno.writeTextFile(options.draw, drawSvg(sitting));
  }
  if (options.show !== undefined) return;
  print(["", `Results: ${await keep(sitting, options.json)}`]);
}

async function measure(options: Options): Promise<Sitting> {
  const stop = interruption();
  const folder = resolve(options.dir ?? DATA_FOLDER);
  await Deno.mkdir(folder, { recursive: true });
  const date = new Date().toISOString();
  const machine = await describeMachine(folder);
  if (isBusy(machine)) tell("The machine is busy: the figures mean little");
  const micro = isWanted("micro", options.only) ? await runMicro() : [];
  await using stack = new AsyncDisposableStack();
  const cases = await prepareCases(options, folder, stack);
  if (micro.length + cases.length === 0) {
    throw new Error(`Cannot measure: no case is like ${options.only}`);
  }
  const results = await runInTurn(cases, options.runs, stop);
  return { date, machine, cases: [...micro, ...results] };
}

/** Throws an `Error` if an argument is wrong. */
// deno-lint-ignore explicit-function-return-type -- the arguments say it all
function parseOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      baseline: { type: "string" },
      bets: { type: "string", default: String(FULL_BETS) },
      compare: { type: "string" },
      dir: { type: "string" },
      draw: { type: "string" },
      help: { type: "boolean", default: false },
      json: { type: "string" },
      only: { type: "string", default: "" },
      postgres: { type: "boolean", default: false },
      runs: { type: "string", default: "5" },
      show: { type: "string" },
    },
  });
  return {
    ...values,
    runs: multiple("--runs", values.runs, 1),
    bets: multiple("--bets", values.bets, AGENCIES),
    only: values.only.split(",").filter((part) => part !== ""),
  };
}

function multiple(flag: string, text: string, factor: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value > 0 && value % factor === 0) return value;
  throw new RangeError(
    `Cannot use ${flag} "${text}": it must be a whole number from ${factor}${
      factor > 1 ? `, a multiple of ${factor}` : ""
    }`,
  );
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
  const results = cases.map(({ run: _, ...about }): CaseResult => {
    return { ...about, runs: [] };
  });
  for (let run = 1; run <= runs; run++) {
    for (const [i, one] of cases.entries()) {
      stop.throwIfAborted();
      tell(`run ${run} of ${runs}: ${one.name}`);
      results[i]!.runs.push(await one.run());
    }
  }
  return results;
}

async function keep(
  sitting: Sitting,
  path: string | undefined,
): Promise<string> {
  const name = `${sitting.date.replace(/\..*/, "").replaceAll(":", "")}.json`;
  const file = path ?? join(OUT_FOLDER, name);
  await Deno.mkdir(dirname(file), { recursive: true });
  await Deno.writeTextFile(file, `${JSON.stringify(sitting, null, 2)}\n`);
  return file;
}

function tell(line: string): void {
  writeLine(Deno.stderr, line);
}

if (import.meta.main) await runTool(main);
