/**
 * Two sittings side by side.
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
import { alignColumns } from "./table.ts";

/**
 * Compares the cases that both have.
 *
 * @param before The earlier one.
 * @param now The later one.
 * @returns The lines: a row for each figure of each case, its ratio `now` over
 * `before`, and whether it got better or worse. Where the runs of the two
 * overlap, what looks like a change may be chance.
 */
export function compareSittings(before: Sitting, now: Sitting): string[] {
  const rows = now.cases.flatMap((one) => {
    const earlier = before.cases.find(({ name, bets }) =>
      name === one.name && bets === one.bets
    );
    return earlier ? compareCases(earlier, one) : [];
  });
  if (rows.length === 0) return ["Nothing to compare: no case is in both"];
  return alignColumns([
    ["case", "figure", "before", "now", "ratio", ""],
    ...rows,
  ]);
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
