/**
 * Results as plain-text tables, alone or compared.
 *
 * @module
 */

import {
  type CaseResult,
  formatFigure,
  type KindName,
  KINDS,
  kindsOf,
  type Sitting,
  type Spread,
  spreadOf,
} from "./figures.ts";
import { alignColumns } from "../tools/tool.ts";
import { checkTargets } from "./targets.ts";

/**
 * Formats a sitting: the machine, the medians, the targets, and ours compared
 * with the baseline if there is one.
 */
export function formatSitting({ date, machine, cases }: Sitting): string[] {
  const about = Object.entries({ date, ...machine });
  const groups = Map.groupBy(
    cases,
    ({ name }) => /^(?:micro|crowd)/.exec(name)?.[0] ?? "end to end",
  );
  const targets = checkTargets(cases);
  const baseline = cases.filter(({ name }) => name.includes("@"))
    .map((one) => ({ ...one, name: one.name.replace(/@.*/, "") }));
  const head = ["target of", "figure", "target", "median", ""];
  return [
    ...about.map(([what, words]) => `${what}: ${words}`),
    ...[...groups.values()].flatMap((group) => ["", ...formatCases(group)]),
    ...(targets.length > 0
      ? ["", ...alignColumns([head, ...targets], true)]
      : []),
    ...(baseline.length > 0 ? ["", ...compare(baseline, cases)] : []),
  ];
}

/**
 * Compares the cases that two sittings share: a row for each figure, with the
 * ratio of the later one to the earlier one. Where the runs overlap, a change
 * may be chance.
 */
export function compareSittings(before: Sitting, now: Sitting): string[] {
  return compare(before.cases, now.cases);
}

function compare(
  before: readonly CaseResult[],
  now: readonly CaseResult[],
): string[] {
  const rows = now.flatMap((one) => {
    const earlier = before.find(({ name, bets }) =>
      name === one.name && bets === one.bets
    );
    return earlier ? compareCases(earlier, one) : [];
  });
  if (rows.length === 0) return ["Nothing to compare: no case is in both"];
  const head = ["case", "figure", "before", "now", "ratio", ""];
  return alignColumns([head, ...rows], true);
}

/** Two lines for each case: the medians, and the range below them. */
function formatCases(cases: readonly CaseResult[]): string[] {
  const kinds = kindsOf(cases);
  const head = ["case", "bets", "runs", ...kinds.map((one) => KINDS[one].head)];
  const rows = cases.flatMap(({ name, bets, runs }) => {
    const spreads = kinds.map((kind) => {
      const spread = spreadOf(runs, kind);
      if (!spread) return ["", ""] as const;
      const [median, min, max] = [spread.median, spread.min, spread.max]
        .map((value) => formatFigure(kind, value));
      return [median!, `${min}–${max}`] as const;
    });
    const counts = [name, bets.toLocaleString("en"), String(runs.length)];
    const medians = [...counts, ...spreads.map(([median]) => median)];
    const ranges = ["", "", "", ...spreads.map(([, range]) => range)];
    return runs.length === 1 ? [medians] : [medians, ranges];
  });
  return alignColumns([head, ...rows], true);
}

function compareCases(before: CaseResult, now: CaseResult): string[][] {
  return kindsOf([now]).flatMap((kind) => {
    const earlier = spreadOf(before.runs, kind);
    const later = spreadOf(now.runs, kind);
    if (!earlier || !later) return [];
    const medians = [earlier.median, later.median];
    return [[
      now.name,
      KINDS[kind].head,
      ...medians.map((median) => formatFigure(kind, median)),
      (later.median / earlier.median).toFixed(2),
      judge(kind, earlier, later),
    ]];
  });
}

function judge(kind: KindName, earlier: Spread, later: Spread): string {
  if (later.min <= earlier.max && earlier.min <= later.max) return "overlap";
  const isMore = later.median > earlier.median;
  return isMore === KINDS[kind].isMoreBetter ? "better" : "worse";
}
