import { assertEquals, assertStringIncludes } from "@std/assert";
import { drawSvg, drawText } from "../../bench/chart.ts";
import { quantile } from "../../bench/end_to_end.ts";
import {
  type CaseResult,
  type Figures,
  type Sitting,
  spreadOf,
} from "../../bench/figures.ts";
import { walkFrames } from "../../bench/frame_walk.ts";
import { compareSittings, formatSitting } from "../../bench/table.ts";
import { checkTargets, FULL_BETS } from "../../bench/targets.ts";
import { encodeFrame } from "../../protocol.ts";
import { concat } from "../support/frames.ts";

Deno.test("spreadOf() finds median, least and most of the runs that have the figure", () => {
  const runs = [{ seconds: 3 }, { seconds: 10 }, {}, { seconds: 2 }];
  assertEquals(spreadOf(runs, "seconds"), { median: 3, min: 2, max: 10 });
  assertEquals(spreadOf(runs.slice(0, 2), "seconds")?.median, 6.5);
  assertEquals(spreadOf(runs, "peakRss"), undefined);
});

Deno.test("quantile() is the nearest rank", () => {
  const sorted = Float64Array.from({ length: 200 }, (_, i) => i + 1);
  assertEquals(quantile(sorted, 0.5), 100);
  assertEquals(quantile(sorted, 0.99), 198);
  assertEquals(quantile(sorted, 1), 200);
  assertEquals(quantile(sorted.subarray(0, 1), 0.5), 1);
});

Deno.test("checkTargets() compares the median in the direction of the figure", () => {
  const slow = result("made-window-1", FULL_BETS, { betsPerSecond: 0.7e6 });
  const fast = result("made-window-8", FULL_BETS, { betsPerSecond: 2.4e6 });
  const late = result("real-window-1", 78_697, { seconds: 0.41 });
  assertEquals(
    checkTargets([slow, fast, late]).map(([name, , , , verdict]) => [
      name,
      verdict,
    ]),
    [
      ["made-window-1", "MISSED"],
      ["made-window-8", "met"],
      ["real-window-1", "MISSED"],
    ],
  );
});

Deno.test("checkTargets() leaves out what is for another number of bets", () => {
  const figures = { betsPerSecond: 9e6, peakRss: 75e6 };
  const small = result("made-window-1", 1000, figures);
  assertEquals(checkTargets([small]), [
    ["made-window-1", "peak RSS MB", "at most 74.0", "75.0", "MISSED"],
  ]);
});

Deno.test("checkTargets() compares with PostgreSQL measured in the same sitting", () => {
  const ours = result("made-window-8", FULL_BETS, { betsPerSecond: 1.2e6 });
  const rival = result("made-postgres-copy", FULL_BETS, { betsPerSecond: 1e6 });
  assertEquals(checkTargets([ours, rival]).at(-1), [
    "made-window-8",
    "times made-postgres-copy",
    "at least 1.25",
    "1.20",
    "MISSED",
  ]);
});

Deno.test("compareSittings() says better or worse only where the runs do not overlap", () => {
  const before = sitting(
    result("a", 10, { seconds: 1 }, { seconds: 1.2 }),
    result("b", 10, { seconds: 1 }),
    result("c", 10, { betsPerSecond: 2e6 }),
    result("d", 10, { seconds: 1 }),
  );
  const now = sitting(
    result("a", 10, { seconds: 1.1 }),
    result("b", 10, { seconds: 0.5 }),
    result("c", 10, { betsPerSecond: 1e6 }),
    result("d", 20, { seconds: 1 }),
  );
  assertEquals(
    compareSittings(before, now).map((line) => line.trim().split(/\s{2,}/)),
    [
      ["case", "figure", "before", "now", "ratio"],
      ["a", "seconds", "1.100", "1.100", "1.00", "overlap"],
      ["b", "seconds", "1.000", "0.500", "0.50", "better"],
      ["c", "M bets/s", "2.00", "1.00", "0.50", "worse"],
    ],
  );
});

Deno.test("formatSitting() shows medians, and the range below them", () => {
  const text = formatSitting(sitting(
    result("a", 1000, { seconds: 1 }, { seconds: 3 }, { seconds: 2 }),
  )).join("\n");
  assertStringIncludes(text, "a     1,000     3        2.000");
  assertStringIncludes(text, "1.000–3.000");
});

Deno.test("formatSitting() compares ours with the baseline", () => {
  const lines = formatSitting(sitting(
    result("a", 10, { seconds: 1 }),
    result("a@main", 10, { seconds: 2 }),
  ));
  assertEquals(lines.at(-1)!.trim().split(/\s{2,}/), [
    ...["a", "seconds", "2.000", "1.000", "0.50", "better"],
  ]);
});

Deno.test("drawText() draws the fastest first, and the others in proportion", () => {
  assertEquals(
    drawText(SLOW_AND_FAST),
    [
      "Million bets a second, 10 bets, made data",
      `fast  ${"#".repeat(40)} 4.00`,
      `Lotería & slow  ${"#".repeat(10)} 1.00`,
    ].map((line) => line.replace("fast  ", "fast".padEnd(16))),
  );
});

Deno.test("drawSvg() draws the same, ours in a colour of its own", () => {
  const svg = drawSvg(SLOW_AND_FAST);
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)</g)];
  assertEquals(texts.map(([, text]) => text), [
    "Million bets a second, 10 bets, made data",
    ...["fast", "4.00", "Lotería &amp; slow", "1.00"],
  ]);
  const bars = [...svg.matchAll(/<rect class="(\w+)"[^>]* width="(\d+)"/g)];
  assertEquals(bars.map(([, owner]) => owner), ["other", "ours"]);
  assertEquals(Number(bars[0]![2]) / Number(bars[1]![2]), 4);
  assertStringIncludes(svg, "prefers-color-scheme: dark");
});

Deno.test("walkFrames() finds every frame, wherever the bytes are cut", () => {
  const bytes = concat([
    encodeFrame(1, new Uint8Array(300)),
    encodeFrame(2, new Uint8Array(0)),
    encodeFrame(4, new Uint8Array(4)),
  ]);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const types: number[] = [];
    const walk = walkFrames((type) => types.push(type));
    walk(bytes.subarray(0, cut));
    walk(bytes.subarray(cut));
    assertEquals(types, [1, 2, 4], `cut at ${cut}`);
  }
});

const SLOW_AND_FAST = sitting(
  result("Lotería & slow", 10, { betsPerSecond: 1e6 }),
  result("fast", 10, { betsPerSecond: 4e6 }),
);

function result(name: string, bets: number, ...runs: Figures[]): CaseResult {
  return { name, title: name, data: "made data", bets, runs };
}

function sitting(...cases: CaseResult[]): Sitting {
  return { date: "2026-11-24T00:00:00Z", machine: {}, cases };
}
