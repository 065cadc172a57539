import { assertEquals } from "@std/assert";
import {
  type CaseResult,
  type Figures,
  ratioSpread,
  spreadOf,
} from "../../bench/figures.ts";
import { formatResults } from "../../bench/table.ts";
import { checkTargets } from "../../bench/targets.ts";

Deno.test("spreadOf() finds median, min and max of the runs that have the figure", () => {
  const runs = [{ seconds: 3 }, { seconds: 10 }, {}, { seconds: 2 }];
  assertEquals(spreadOf(runs, "seconds"), { median: 3, min: 2, max: 10 });
  assertEquals(spreadOf(runs.slice(0, 2), "seconds")?.median, 6.5);
  assertEquals(spreadOf(runs, "peakRss"), undefined);
});

Deno.test("ratioSpread() divides run by run, not median by median", () => {
  const a = result("a", { seconds: 1 }, { seconds: 20 }, { seconds: 3 });
  const b = result("b", { seconds: 2 }, { seconds: 10 }, { seconds: 3 });
  const spread = { median: 1, min: 0.5, max: 2 };
  assertEquals(ratioSpread(a, b, "seconds"), spread);
  assertEquals(ratioSpread(a, b, "peakRss"), undefined);
});

Deno.test("checkTargets() compares the median in the direction of the figure", () => {
  const large = result("made-window-1", { peakRss: 77e6, seconds: 1 });
  const fair = result("crowd-1000", { leastServed: 0.6 });
  const late = result("crowd-5000", { firstReplySeconds: 0.9 });
  assertEquals(checkTargets([large, fair, late]), [
    ["made-window-1", "peak RSS MB", "at most 76.0", "77.0", "MISSED"],
    ["crowd-1000", "fewest/mean", "at least 0.50", "0.60", "met"],
    ["crowd-5000", "first reply s", "at most 1.00", "0.90", "met"],
  ]);
});

Deno.test("checkTargets() compares with a rival, if both were measured", () => {
  const ours = result("prepared-window-1", { betsPerSecond: 0.8e6 });
  const rival = result("redis-window-1", { betsPerSecond: 1e6 });
  assertEquals(checkTargets([ours]), []);
  assertEquals(checkTargets([rival]), []);
  assertEquals(checkTargets([ours, rival]), [[
    ...["prepared-window-1", "M bets/s over redis-window-1"],
    ...["at least 0.90", "0.80", "MISSED"],
  ]]);
});

Deno.test("formatResults() shows medians, and the range below them", () => {
  const runs = [{ bets: 9, seconds: 1 }, { bets: 9, seconds: 3 }];
  assertEquals(formatResults([result("a", ...runs)]), [
    "",
    "case  runs  bets      seconds",
    "a        2     9        2.000",
    "                  1.000–3.000",
  ]);
});

Deno.test("formatResults() says better or worse only if all pairs of runs agree", () => {
  const lines = formatResults([
    result("a", { seconds: 1.1 }, { seconds: 1.1 }),
    result("a@main", { seconds: 1 }, { seconds: 1.2 }),
    result("b", { seconds: 0.5 }),
    result("b@main", { seconds: 1 }),
    result("c", { betsPerSecond: 1e6 }),
    result("c@main", { betsPerSecond: 2e6 }),
    result("d", { seconds: 1 }),
  ]);
  assertEquals(lines.slice(-4).map((line) => line.trim().split(/\s{2,}/)), [
    ["case", "figure", "before", "now", "ratio"],
    ["a", "seconds", "1.100", "1.100", "1.01", "either way"],
    ["b", "seconds", "1.000", "0.500", "0.50", "better"],
    ["c", "M bets/s", "2.00", "1.00", "0.50", "worse"],
  ]);
});

function result(name: string, ...runs: Figures[]): CaseResult {
  return { name, runs };
}
