/**
 * Results as plain-text tables.
 *
 * @module
 */

import {
  type CaseResult,
  formatFigure,
  type KindName,
  KINDS,
  ratioSpread,
  spreadOf,
} from "./figures.ts";
import { alignColumns } from "../tools/tool.ts";
import { checkTargets } from "./targets.ts";

/** Formats the medians, the targets, and ours compared with the baseline. */
export function formatResults(cases: readonly CaseResult[]): string[] {
  const groups = Map.groupBy(
    cases,
    ({ name }) => /^(?:crowd|start)/.exec(name)?.[0] ?? "bets",
  );
  const targets = checkTargets(cases);
  const changes = cases.flatMap((one) => compareWithBaseline(one, cases));
  return [
    ...[...groups.values()].flatMap((group) => ["", ...formatCases(group)]),
    ...table(["target of", "figure", "target", "median", ""], targets),
    ...table(["case", "figure", "before", "now", "ratio", ""], changes),
  ];
}

function table(head: string[], rows: string[][]): string[] {
  return rows.length > 0 ? ["", ...alignColumns([head, ...rows])] : [];
}

/** Two lines for each case: the medians, and the range below them. */
function formatCases(cases: readonly CaseResult[]): string[] {
  const kinds = kindsOf(cases);
  const head = ["case", "runs", ...kinds.map((one) => KINDS[one].head)];
  const rows = cases.flatMap(({ name, runs }) => {
    const spreads = kinds.map((kind) => {
      const spread = spreadOf(runs, kind);
      if (!spread) return ["", ""] as const;
      const [median, min, max] = [spread.median, spread.min, spread.max]
        .map((value) => formatFigure(kind, value));
      return [median!, min === max ? "" : `${min}–${max}`] as const;
    });
    const medians = spreads.map(([median]) => median);
    const ranges = spreads.map(([, range]) => range);
    const rows = [[name, String(runs.length), ...medians], ["", "", ...ranges]];
    return runs.length === 1 ? rows.slice(0, 1) : rows;
  });
  return alignColumns([head, ...rows]);
}

/** A row for each figure of a case that was measured at the baseline too. */
function compareWithBaseline(
  now: CaseResult,
  cases: readonly CaseResult[],
): string[][] {
  const before = cases.find(({ name }) => name.startsWith(`${now.name}@`));
  if (!before) return [];
  const kinds = kindsOf([now]).filter((kind) => kind !== "bets");
  return kinds.map((kind) => {
    const ratio = ratioSpread(now, before, kind)!;
    const medians = [before, now].map(({ runs }) =>
      formatFigure(kind, spreadOf(runs, kind)!.median)
    );
    const isMore = ratio.min > 1;
    const verdict = ratio.min <= 1 && ratio.max >= 1
      ? "either way"
      : isMore === KINDS[kind].isMoreBetter
      ? "better"
      : "worse";
    return [
      now.name,
      KINDS[kind].head,
      ...medians,
      ratio.median.toFixed(2),
      verdict,
    ];
  });
}

/** The kinds that any run has, in the order of the columns. */
function kindsOf(cases: readonly CaseResult[]): KindName[] {
  return (Object.keys(KINDS) as KindName[]).filter((name) =>
    cases.some(({ runs }) => runs.some((run) => run[name] !== undefined))
  );
}
