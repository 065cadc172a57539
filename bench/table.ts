/**
 * Results as plain-text tables, alone or compared.
 *
 * @module
 */

import {
  type CaseResult,
  type Figures,
  formatFigure,
  type KindName,
  KINDS,
  kindsOf,
  type Sitting,
  spreadOf,
} from "./figures.ts";
import { checkTargets } from "./targets.ts";

/** Formats a sitting: the machine, the medians, the targets. */
export function formatSitting({ date, machine, cases }: Sitting): string[] {
  const about = Object.entries({ date, ...machine });
  const groups = Map.groupBy(
    cases,
    ({ name }) => /^(?:micro|crowd)/.exec(name)?.[0] ?? "end to end",
  );
  const targets = checkTargets(cases);
  const head = ["target of", "figure", "target", "median", ""];
  return [
    ...about.map(([what, words]) => `${what}: ${words}`),
    ...[...groups.values()].flatMap((group) => ["", ...formatCases(group)]),
    ...(targets.length > 0 ? ["", ...alignColumns([head, ...targets])] : []),
  ];
}

/**
 * Compares the cases that two sittings share: a row for each figure, with the
 * ratio of the later one to the earlier one. Where the runs overlap, a change
 * may be chance.
 */
export function compareSittings(before: Sitting, now: Sitting): string[] {
  const rows = now.cases.flatMap((one) => {
    const earlier = before.cases.find(({ name, bets }) =>
      name === one.name && bets === one.bets
    );
    return earlier ? compareCases(earlier, one) : [];
  });
  if (rows.length === 0) return ["Nothing to compare: no case is in both"];
  const head = ["case", "figure", "before", "now", "ratio", ""];
  return alignColumns([head, ...rows]);
}

/** Two lines for each case: the medians, and the range below them. */
function formatCases(cases: readonly CaseResult[]): string[] {
  const kinds = kindsOf(cases);
  const head = ["case", "bets", "runs", ...kinds.map((one) => KINDS[one].head)];
  const rows = cases.flatMap(({ name, bets, runs }) => {
    const cells = (format: (kind: KindName) => string | undefined) =>
      kinds.map((kind) => spreadOf(runs, kind) ? format(kind)! : "");
    const medians = cells((kind) =>
      formatFigure(kind, spreadOf(runs, kind)!.median)
    );
    const row = [name, bets.toLocaleString("en"), `${runs.length}`, ...medians];
    if (runs.length === 1) return [row];
    const ranges = cells((kind) => {
      const { min, max } = spreadOf(runs, kind)!;
      return `${formatFigure(kind, min)}–${formatFigure(kind, max)}`;
    });
    return [row, ["", "", "", ...ranges]];
  });
  return alignColumns([head, ...rows]);
}

function compareCases(before: CaseResult, now: CaseResult): string[][] {
  return kindsOf([now]).flatMap((kind) => {
    const earlier = spreadOf(before.runs, kind);
    const later = spreadOf(now.runs, kind);
    if (!earlier || !later) return [];
    return [[
      now.name,
      KINDS[kind].head,
      formatFigure(kind, earlier.median),
      formatFigure(kind, later.median),
      (later.median / earlier.median).toFixed(2),
      judge(kind, before.runs, now.runs),
    ]];
  });
}

function judge(
  kind: KindName,
  before: readonly Figures[],
  now: readonly Figures[],
): string {
  const earlier = spreadOf(before, kind)!;
  const later = spreadOf(now, kind)!;
  if (later.min <= earlier.max && earlier.min <= later.max) return "overlap";
  const isMore = later.median > earlier.median;
  return isMore === KINDS[kind].isMoreBetter ? "better" : "worse";
}

/** Aligns the first column to the left and the others to the right. */
function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((cells) => cells[column]!.length))
  );
  return rows.map((cells) =>
    cells.map((cell, column) =>
      column === 0
        ? cell.padEnd(widths[column]!)
        : cell.padStart(widths[column]!)
    ).join("  ").trimEnd()
  );
}
