// The performance targets, and whether they are met.

import {
  type CaseResult,
  formatFigure,
  type KindName,
  KINDS,
  ratioSpread,
  spreadOf,
} from "./figures.ts";

/** The worst acceptable median, or median ratio to a rival. */
type Target = readonly [
  name: string,
  kind: KindName,
  bound: number,
  rival?: string,
];

const TARGETS: readonly Target[] = [
  ["prepared-window-1", "betsPerSecond", 0.9, "redis-window-1"],
  ["prepared-window-8", "betsPerSecond", 1.1, "redis-window-8"],
  ["made-window-8", "betsPerSecond", 1.2, "made-postgres-copy"],
  [
    ...["made-database-window-8", "betsPerSecond", 0.8] as const,
    "made-postgres-insert-150-keyed",
  ],
  [
    "database-crowd-100",
    "betsPerSecond",
    0.8,
    "made-postgres-insert-150-keyed",
  ],
  ["start-agency", "startSeconds", 1.7, "start-empty"],
  ["made-window-1", "peakRss", 76e6],
  ["made-window-8", "peakRss", 76e6],
  ["crowd-1000", "leastServed", 0.5],
  ["crowd-5000", "firstReplySeconds", 1],
  ["crowd-5000", "peakRss", 300e6],
];

/**
 * Compares measured medians with the targets. Returns a row for each: case,
 * figure, target, median, met or not.
 */
export function checkTargets(cases: readonly CaseResult[]): string[][] {
  return TARGETS.flatMap(([name, kind, bound, rival]) => {
    const ours = cases.find((one) => one.name === name);
    const theirs = cases.find((one) => one.name === rival);
    if (!ours || (rival !== undefined && !theirs)) return [];
    const found = theirs
      ? ratioSpread(ours, theirs, kind)
      : spreadOf(ours.runs, kind);
    if (!found) return [];
    const { head, isMoreBetter } = KINDS[kind];
    const format = (value: number) =>
      theirs ? value.toFixed(2) : formatFigure(kind, value);
    const isMet = isMoreBetter ? found.median >= bound : found.median <= bound;
    return [[
      name,
      theirs ? `${head} over ${theirs.name}` : head,
      `at ${isMoreBetter ? "least" : "most"} ${format(bound)}`,
      format(found.median),
      isMet ? "met" : "MISSED",
    ]];
  });
}
