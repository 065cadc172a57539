/**
 * Entry of `deno task bench`: measures, prints, keeps the results as JSON, and
 * compares them with earlier ones.
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import { messageOf } from "../program/errors.ts";
import { writeLine } from "../program/logging.ts";
import { EXIT_FAILURE } from "../program/program.ts";
import { stopSignal } from "../program/stop_signal.ts";
import { type Case, prepareCases } from "./cases.ts";
import { type CaseResult, readSitting, type Sitting } from "./figures.ts";
import { describeMachine, isBusy } from "./machine.ts";
import { runMicro } from "./micro.ts";
import { isWanted, type Options, parseOptions, USAGE } from "./options.ts";
import { PROJECT_FOLDER } from "./programs.ts";
import { compareSittings, drawSitting, formatSitting } from "./table.ts";

const DATA_FOLDER = join(PROJECT_FOLDER, ".data/bench");
const OUT_FOLDER = join(PROJECT_FOLDER, "bench/out");

async function main(): Promise<void> {
  const options = parseOptions(Deno.args);
  if (options.help) return print([USAGE]);
  if (options.draw !== undefined) {
    return print(drawSitting(await readSitting(options.draw)));
  }
  // Read first: an hour later is too late to say that the file does not exist.
  const earlier = options.compare === undefined
    ? undefined
    : await readSitting(options.compare);
  const sitting = await measure(options);
  print(["", ...formatSitting(sitting), "", ...drawSitting(sitting)]);
  if (earlier) print(["", ...compareSittings(earlier, sitting)]);
  print(["", `Results: ${await keep(sitting, options.json)}`]);
}

async function measure(options: Options): Promise<Sitting> {
  const stop = stopSignal((signal) =>
    new Error(`Cannot go on: stopped by ${signal}`)
  );
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

function print(lines: readonly string[]): void {
  for (const line of lines) writeLine(Deno.stdout, line);
}

function tell(line: string): void {
  writeLine(Deno.stderr, line);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    tell(messageOf(error));
    Deno.exitCode = EXIT_FAILURE;
  }
  Deno.exit();
}
