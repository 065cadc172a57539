// Results as plain-text tables.

import {
  type Case,
  formatFigure,
  type KindName,
  KINDS,
  ratioSpread,
  spreadOf,
} from "./figures.ts";
import { alignColumns } from "../program/help.ts";

/** Formats the medians, and the comparisons with rivals and the baseline. */
export function formatResults(cases: readonly Case[]): string[] {
  const groups = Map.groupBy(
    cases,
    ({ name }) => /^(?:crowd|start)/.exec(name)?.[0] ?? "bets",
  );
  const comparisons = cases.flatMap((theirs) =>
    cases.filter((ours) =>
      theirs.name === ours.rival || theirs.name.startsWith(`${ours.name}@`)
    ).flatMap((ours) => compare(ours, theirs))
  );
  const head = ["case", "compared with", "figure", "its", "ours", "ratio", ""];
  return [
    ...[...groups.values()].flatMap((group) => ["", ...formatCases(group)]),
    ...comparisons.length > 0
      ? ["", ...alignColumns([head, ...comparisons], 2)]
      : [],
  ];
}

/** Two lines for each case: the medians, and the range below them. */
function formatCases(cases: readonly Case[]): string[] {
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
  return alignColumns([head, ...rows], 1);
}

/** A row for each figure that both cases have. */
function compare(ours: Case, theirs: Case): string[][] {
  const kinds = kindsOf([ours]).filter((kind) => kind !== "bets");
  return kinds.flatMap((kind) => {
    const ratio = ratioSpread(ours, theirs, kind);
    if (!ratio) return [];
    const medians = [theirs, ours].map(({ runs }) =>
      formatFigure(kind, spreadOf(runs, kind)!.median)
    );
    const isMore = ratio.min > 1;
    const verdict = ratio.min <= 1 && ratio.max >= 1
      ? "either way"
      : isMore === KINDS[kind].isMoreBetter
      ? "better"
      : "worse";
    return [[
      ours.name,
      theirs.name,
      KINDS[kind].head,
      ...medians,
      ratio.median.toFixed(2),
      verdict,
    ]];
  });
}

/** The kinds that any run has, in the order of the columns. */
function kindsOf(cases: readonly Case[]): KindName[] {
  return (Object.keys(KINDS) as KindName[]).filter((name) =>
    cases.some(({ runs }) => runs.some((run) => run[name] !== undefined))
  );
}
