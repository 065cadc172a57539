import { assertEquals } from "@std/assert";
import {
  type Case,
  type Figures,
  ratioSpread,
  spreadOf,
} from "../../bench/figures.ts";
import { formatResults } from "../../bench/table.ts";

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
  assertEquals(comparisons(lines), [
    ["a", "a@main", "seconds", "1.100", "1.100", "1.01", "either way"],
    ["b", "b@main", "seconds", "1.000", "0.500", "0.50", "better"],
    ["c", "c@main", "M bets/s", "2.00", "1.00", "0.50", "worse"],
  ]);
});

Deno.test("formatResults() compares with a rival, if both were measured", () => {
  const ours = { ...result("a", { seconds: 2, peakRss: 1 }), rival: "r" };
  const rival = result("r", { seconds: 1 });
  assertEquals(formatResults([ours]).length, 3);
  assertEquals(comparisons(formatResults([ours, rival])), [
    ["a", "r", "seconds", "1.000", "2.000", "2.00", "worse"],
  ]);
});

/** The cells of the last table, below its head. */
function comparisons(lines: string[]): string[][] {
  return lines.slice(lines.lastIndexOf("") + 2)
    .map((line) => line.trim().split(/\s{2,}/));
}

function result(name: string, ...runs: Figures[]): Case {
  return { name, runs };
}
