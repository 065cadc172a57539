// Entry of `deno task bench`: measures, prints, and compares.

import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { writeLine } from "../program/logging.ts";
import { PROJECT_FOLDER } from "../tools/demo/task_process.ts";
import { MAX_BETS } from "../tools/data/made_bets.ts";
import { interruption, parseWhole, print, runTool } from "../tools/tool.ts";
import { prepareCases } from "./cases.ts";
import { AGENCIES } from "./data.ts";
import { describeMachine } from "./machine.ts";
import { formatResults } from "./table.ts";

const DATA_FOLDER = join(PROJECT_FOLDER, ".data/bench");
const RUNS = 5;
const BETS = 5_000_000;
const CASES = "prepared,crowd,real,made";

const USAGE = `Usage: deno task bench [options]

Measures a central with prepared batches, the whole system with five agencies,
and crowds of agencies. Every bet and commit mark is checked after every run.

  --runs N        runs of each case, one of each in turn (default ${RUNS})
  --bets N        bets of ${AGENCIES} agencies together (default ${BETS})
  --only A,B      only cases whose names begin with A or B (bench/README.md);
                  redis, postgres, database and start are measured only so
                  (default ${CASES})
  --baseline REV  measure revision REV of the project in turn with this one
  --dir DIR       where data and stores are, on the disk to be measured
                  (default .data/bench); the data stays there, the stores go
  --help          print this`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      baseline: { type: "string" },
      bets: { type: "string", default: String(BETS) },
      dir: { type: "string", default: DATA_FOLDER },
      help: { type: "boolean", default: false },
      only: { type: "string", default: CASES },
      runs: { type: "string", default: String(RUNS) },
    },
  });
  if (values.help) return print([USAGE]);
  const bets = parseWhole("--bets", values.bets, [AGENCIES, MAX_BETS]);
  const runs = parseWhole("--runs", values.runs, [1, 1000]);
  const stop = interruption();
  const folder = resolve(values.dir);
  await Deno.mkdir(folder, { recursive: true });
  const machine = await describeMachine(folder);
  await using stack = new AsyncDisposableStack();
  const cases = await prepareCases(folder, stack, {
    only: values.only.split(",").filter((start) => start !== ""),
    bets: bets - bets % AGENCIES,
    baseline: values.baseline,
  });
  if (cases.length === 0) {
    throw new Error(`Cannot measure: no case is named like ${values.only}`);
  }
  // In turn, so that changes on the machine affect all cases.
  for (let run = 1; run <= runs; run++) {
    for (const one of cases) {
      stop.throwIfAborted();
      writeLine(Deno.stderr, `run ${run} of ${runs}: ${one.name}`);
      one.runs.push(await one.run());
    }
  }
  print(machine);
  print(formatResults(cases));
}

if (import.meta.main) await runTool(main);
