/**
 * The micro-benchmarks, run by `deno bench` and told per bet and per byte.
 *
 * @module
 */

import type { CaseResult } from "./figures.ts";
import { PROJECT_FOLDER } from "./programs.ts";

/** What `deno bench --json` prints, as far as it is used. */
interface BenchReport {
  benches: {
    name: string;
    results: { ok?: { avg: number }; failed?: unknown }[];
  }[];
}

const NAME_REGEXP = /^(.*) \((\d+) bets, (\d+) B\)$/;
const NANOSECOND = 1e-9;

/**
 * Runs them all.
 *
 * @returns A case for each, of one run: what `deno bench` takes as its mean.
 * @throws {Error} If one of them fails.
 */
export async function runMicro(): Promise<CaseResult[]> {
  const args = [
    "bench",
    "--no-prompt",
    "--json",
    "--allow-read",
    "--allow-write",
    "bench/micro_bench.ts",
  ];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: PROJECT_FOLDER,
  }).output();
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(
      `Cannot use micro-benchmarks: deno ${
        args.join(" ")
      } failed; without --json it says why: ${decoder.decode(stderr).trim()}`,
    );
  }
  return casesOf(JSON.parse(decoder.decode(stdout)));
}

function casesOf({ benches }: BenchReport): CaseResult[] {
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
