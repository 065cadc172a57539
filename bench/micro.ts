/**
 * The micro-benchmarks, run by `deno bench` and converted to figures per bet and
 * per byte.
 *
 * @module
 */

import type { CaseResult } from "./figures.ts";
import { PROJECT_FOLDER } from "../tools/demo/task_process.ts";

/** The part of the output of `deno bench --json` that is used. */
interface BenchReport {
  benches: { name: string; results: { ok?: { avg: number } }[] }[];
}

const NAME_REGEXP = /^(.*) \((\d+) bets, (\d+) B\)$/;
const NANOSECOND = 1e-9;
const ARGS = [
  ...["bench", "--no-prompt", "--json", "--allow-read", "--allow-write"],
  "bench/micro_bench.ts",
];

/**
 * Runs all of them. Each is a case of one run: the mean of `deno bench`. Throws
 * an `Error` if one fails.
 */
export async function runMicro(): Promise<CaseResult[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ARGS,
    cwd: PROJECT_FOLDER,
  }).output();
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(
      `Cannot use micro-benchmarks: deno ${
        ARGS.join(" ")
      } failed; without --json it says why: ${decoder.decode(stderr).trim()}`,
    );
  }
  const { benches }: BenchReport = JSON.parse(decoder.decode(stdout));
  return benches.map(({ name, results }) => {
    const [, what, bets, bytes] = NAME_REGEXP.exec(name) ?? [];
    const avg = results[0]?.ok?.avg;
    if (what === undefined || avg === undefined) {
      throw new Error(`Cannot use micro-benchmark "${name}": it failed`);
    }
    const seconds = avg * NANOSECOND;
    return {
      name: `micro: ${what}`,
      title: what,
      data: "made data",
      bets: Number(bets),
      runs: [{
        betsPerSecond: Number(bets) / seconds,
        secondsPerBet: seconds / Number(bets),
        bytesPerSecond: Number(bytes) / seconds,
      }],
    };
  });
}
