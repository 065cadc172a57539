// `deno task simulate`: years of faults in minutes.

import { parseArgs } from "node:util";
import { print, runTool } from "../../tools/tool.ts";
import {
  type FailedRun,
  type RunsOptions,
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
--trace     shows everything that happens`;

/** Many short runs try more combinations of faults than a few long ones. */
const DEFAULT_RUNS = 300;
const DEFAULT_HOURS_OF_RUN = 0.04;
const HOUR_MS = 3_600_000;
const MAX_SEED = 2 ** 31;

/** Throws an `Error` if an argument is wrong or a guarantee was broken. */
async function main(): Promise<void> {
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
  if (values.help) return print([HELP]);
  const seed = numberOf("seed", values) ?? Math.floor(Math.random() * MAX_SEED);
  const runs = numberOf("runs", values) ?? (values.seed ? 1 : DEFAULT_RUNS);
  const hours = numberOf("hours", values) ?? runs * DEFAULT_HOURS_OF_RUN;
  const options: RunsOptions = {
    seed,
    runs,
    durationMs: hours * HOUR_MS / runs,
    maxFaults: numberOf("faults", values) ?? Infinity,
    onLine: values.trace ? (line) => print([line]) : undefined,
  };
  print([`${runs} runs of ${options.durationMs / 1000} s from seed ${seed}`]);
  const startedAtMs = performance.now();
  const result = await simulateRuns(options);
  report(result, (performance.now() - startedAtMs) / 1000);
  if (!result.failure) return;
  print([
    "",
    `seed ${result.failure.seed} fails: ${result.failure.failure.stack}`,
  ]);
  if (!values["no-shorten"]) await reportShortest(result.failure, options);
  throw new Error("a guarantee was broken");
}

/** Throws a `RangeError` if it is not a number. */
function numberOf<T extends string>(
  name: T,
  values: { readonly [name in T]?: string },
): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (value >= 0 && text.trim() !== "") return value;
  throw new RangeError(`Cannot use --${name} "${text}": expected a number`);
}

function report(result: RunsResult, seconds: number): void {
  const { simulatedSeconds, faults, acknowledged, hash } = result;
  const hours = (simulatedSeconds / 3600).toFixed(1);
  const rate = Math.round(simulatedSeconds / seconds);
  print([
    `${hours} simulated hours in ${seconds.toFixed(1)} s (${rate} s a second)`,
    `${acknowledged} bets answered with OK, ${faults} faults:`,
    ...[...result.counts].sort().map(([what, count]) =>
      `  ${String(count).padStart(8)}  ${what}`
    ),
    `hash ${hash}`,
  ]);
  if (!result.failure) print(["every guarantee was kept"]);
}

async function reportShortest(
  failed: FailedRun,
  options: RunsOptions,
): Promise<void> {
  const shortest = await shorten(failed, { ...options, onLine: undefined });
  print([
    "",
    `${shortest.faults} of its ${failed.faults} faults are enough: ${shortest.failure.message}`,
    ...shortest.lastLines.map((line) => `  ${line}`),
    "",
    `Run it again: deno task simulate --seed ${failed.seed} --hours ${
      options.durationMs / HOUR_MS
    } --faults ${shortest.faults} --trace`,
  ]);
}

if (import.meta.main) await runTool(main, "simulate");
