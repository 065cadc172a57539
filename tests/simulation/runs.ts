// Runs simulations one after the other, and finds the fewest faults that cause a
// failure.

import { createHash } from "node:crypto";
import { World, type WorldOptions, type WorldResult } from "./world.ts";

const HASH_DIGITS = 16;

/** The simulations to run. The first one has `seed`, each next one the next. */
export interface RunsOptions extends WorldOptions {
  runs: number;
}

/** The results. */
export interface RunsResult {
  /** The first failure. It ends the runs. */
  failure: FailedRun | undefined;
  /** The hash of everything that happened in all of them. */
  hash: string;
  /** Number of times that each kind of thing happened. */
  counts: ReadonlyMap<string, number>;
  faults: number;
  acknowledged: number;
  /** Simulated time in seconds. */
  simulatedSeconds: number;
}

/** A simulation that failed. */
export interface FailedRun extends WorldResult {
  seed: number;
  failure: Error;
}

/** Runs simulations until one fails. */
export async function simulateRuns(options: RunsOptions): Promise<RunsResult> {
  const hash = createHash("sha256");
  const counts = new Map<string, number>();
  let [faults, acknowledged, simulatedMs] = [0, 0, 0];
  let failure: FailedRun | undefined;
  for (let run = 0; run < options.runs && !failure; run++) {
    const seed = options.seed + run;
    const result = await World.simulate({ ...options, seed });
    hash.update(result.hash);
    for (const [what, count] of result.counts) {
      counts.set(what, (counts.get(what) ?? 0) + count);
    }
    faults += result.faults;
    acknowledged += result.acknowledged;
    simulatedMs += result.simulatedMs;
    if (result.failure) failure = { ...result, seed, failure: result.failure };
  }
  return {
    failure,
    hash: hash.digest("hex").slice(0, HASH_DIGITS),
    counts,
    faults,
    acknowledged,
    simulatedSeconds: simulatedMs / 1000,
  };
}

/**
 * Finds the shortest run of a failed simulation that still fails: the one with
 * the fewest faults, counted from its start.
 */
export async function shorten(
  failed: FailedRun,
  options: Omit<WorldOptions, "seed">,
): Promise<FailedRun> {
  let shortest = failed;
  for (let [low, high] = [0, failed.faults]; low < high;) {
    const maxFaults = Math.floor((low + high) / 2);
    const result = await World.simulate({
      ...options,
      seed: failed.seed,
      maxFaults,
    });
    if (result.failure) {
      high = maxFaults;
      shortest = { ...result, seed: failed.seed, failure: result.failure };
    } else {
      low = maxFaults + 1;
    }
  }
  return shortest;
}
