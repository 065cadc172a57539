/**
 * Results as plain-text tables and charts.
 *
 * @module
 */

import {
  type CaseResult,
  formatFigure,
  KINDS,
  kindsOf,
  type Sitting,
  spreadOf,
} from "./figures.ts";
import { checkTargets } from "./targets.ts";

const BAR_WIDTH = 40;

/**
 * The results for people: the machine, the medians, the targets.
 *
 * @param sitting The results.
 * @returns The lines.
 */
export function formatSitting({ date, machine, cases }: Sitting): string[] {
  const about = Object.entries({ date, ...machine });
  const targets = checkTargets(cases);
  return [
    ...about.map(([what, words]) => `${what}: ${words}`),
    ...groups(cases).flatMap((group) => ["", ...formatCases(group)]),
    ...(targets.length > 0 ? ["", ...formatTargets(targets)] : []),
  ];
}

/**
 * Draws bets a second as bars, longest for the fastest.
 *
 * @param sitting The results.
 * @returns The lines: one block for each number of bets.
 */
export function drawSitting({ cases }: Sitting): string[] {
  const drawn = cases.filter(({ runs }) =>
    spreadOf(runs, "betsPerSecond") !== undefined &&
    spreadOf(runs, "secondsPerBet") === undefined
  );
  const blocks = Map.groupBy(
    drawn,
    ({ bets, data }) => `${bets.toLocaleString("en")} bets, ${data}`,
  );
  return [...blocks].flatMap(([what, block], i) => [
    ...(i > 0 ? [""] : []),
    `Million bets a second, ${what}`,
    ...drawBars(block),
  ]);
}

/**
 * Aligns cells in columns, the first to the left and the others to the right.
 *
 * @param rows The cells, as many in each row.
 * @returns The lines.
 */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
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

/** Cases with the same figures, which share a table. */
function groups(cases: readonly CaseResult[]): CaseResult[][] {
  return [...Map.groupBy(cases, groupOf).values()];
}

function groupOf({ name }: CaseResult): string {
  return /^(?:micro|crowd)/.exec(name)?.[0] ?? "end to end";
}

/** Two lines for each case: medians, and below them from where to where. */
function formatCases(cases: readonly CaseResult[]): string[] {
  const kinds = kindsOf(cases);
  const head = ["case", "bets", "runs", ...kinds.map((one) => KINDS[one].head)];
  const rows = cases.flatMap(({ name, bets, runs }) => {
    const spreads = kinds.map((kind) => ({ kind, ...spreadOf(runs, kind) }));
    const medians = spreads.map(({ kind, median }) =>
      median === undefined ? "" : formatFigure(kind, median)
    );
    const ranges = spreads.map(({ kind, min, max }) =>
      min === undefined || max === undefined
        ? ""
        : `${formatFigure(kind, min)}–${formatFigure(kind, max)}`
    );
    const row = [name, bets.toLocaleString("en"), `${runs.length}`, ...medians];
    return runs.length > 1 ? [row, ["", "", "", ...ranges]] : [row];
  });
  return alignColumns([head, ...rows]);
}

function formatTargets(rows: readonly string[][]): string[] {
  return alignColumns([
    ["target of", "figure", "target", "median", ""],
    ...rows,
  ]);
}

function drawBars(cases: readonly CaseResult[]): string[] {
  const rates = cases.map(({ title, runs }) => ({
    title,
    rate: spreadOf(runs, "betsPerSecond")!.median,
  })).sort((a, b) => b.rate - a.rate);
  const width = Math.max(...rates.map(({ title }) => title.length));
  return rates.map(({ title, rate }) => {
    const bar = "#".repeat(Math.round(BAR_WIDTH * rate / rates[0]!.rate));
    const figure = formatFigure("betsPerSecond", rate);
    return `${title.padEnd(width)}  ${bar} ${figure}`;
  });
}
