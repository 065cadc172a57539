/**
 * `deno task simulate`: years of faults in minutes.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { writeLine } from "../../program/logging.ts";
import {
  type FailedRun,
  type RunsResult,
  shorten,
  simulateRuns,
} from "./runs.ts";

const HELP = `Usage: deno task simulate [--seed N] [--runs N] [--hours H]
                           [--faults N] [--no-shorten] [--trace]

--seed N    seed of the first run; each next one has the next seed
            (default: any; with it, 1 run)
--runs N    number of runs (default: 300)
--hours H   simulated hours with faults, of all runs together
            (default: 0.04 for each run)
--faults N  each run has N faults at most
--no-shorten  does not look for the shortest run that still fails
--trace     shows all that happens`;

/** Many short runs try more combinations of faults than a few long ones. */
const DEFAULT_RUNS = 300;
const DEFAULT_HOURS_OF_RUN = 0.04;
const HOUR_MS = 3_600_000;
const MAX_SEED = 2 ** 31;

const { values } = parseArgs({
  args: Deno.args,
  options: {
    seed: { type: "string" },
    runs: { type: "string" },
    hours: { type: "string" },
    faults: { type: "string" },
    "no-shorten": { type: "boolean" },
    trace: { type: "boolean" },
    help: { type: "boolean" },
  },
});
if (values.help) {
  print(HELP);
  Deno.exit(0);
}
const seed = numberOf("seed") ?? Math.floor(Math.random() * MAX_SEED);
const runs = numberOf("runs") ?? (values.seed ? 1 : DEFAULT_RUNS);
const hours = numberOf("hours") ?? runs * DEFAULT_HOURS_OF_RUN;
const options = {
  seed,
  runs,
  durationMs: hours * HOUR_MS / runs,
  maxFaults: numberOf("faults") ?? Infinity,
  onLine: values.trace ? print : undefined,
};
print(`${runs} runs of ${options.durationMs / 1000} s from seed ${seed}`);
const startedAtMs = performance.now();
const result = await simulateRuns(options);
report(result, (performance.now() - startedAtMs) / 1000);
if (result.failure) {
  await reportFailure(result.failure);
  Deno.exit(1);
}

function numberOf(name: "seed" | "runs" | "hours" | "faults") {
  const text = values[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (value >= 0 && text.trim() !== "") return value;
  writeLine(
    Deno.stderr,
    `simulate: Cannot use --${name} ${text}: expected a number`,
  );
  Deno.exit(1);
}

function report(result: RunsResult, seconds: number): void {
  const { simulatedSeconds, faults, acknowledged, hash } = result;
  const hours = (simulatedSeconds / 3600).toFixed(1);
  const rate = Math.round(simulatedSeconds / seconds);
  print(
    `${hours} simulated hours in ${seconds.toFixed(1)} s (${rate} s a second)`,
  );
  print(`${acknowledged} bets answered with OK, ${faults} faults:`);
  for (const [what, count] of [...result.counts].sort()) {
    print(`  ${String(count).padStart(8)}  ${what}`);
  }
  print(`hash ${hash}`);
  if (!result.failure) print("every guarantee was kept");
}

async function reportFailure(failed: FailedRun): Promise<void> {
  print("");
  print(`seed ${failed.seed} fails: ${failed.failure.stack}`);
  if (values["no-shorten"]) return;
  const { onLine: _, ...quiet } = options;
  const shortest = await shorten(failed, quiet);
  print("");
  print(
    `${shortest.faults} of its ${failed.faults} faults are enough: ${shortest.failure.message}`,
  );
  for (const line of shortest.lastLines) print(`  ${line}`);
  print("");
  print(
    `Run it again: deno task simulate --seed ${failed.seed} --hours ${
      options.durationMs / HOUR_MS
    } --faults ${shortest.faults} --trace`,
  );
}

function print(line: string): void {
  writeLine(Deno.stdout, line);
}
