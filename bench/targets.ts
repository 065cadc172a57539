/**
 * What the system has to reach, and whether it does.
 *
 * @module
 */

import {
  type CaseResult,
  formatFigure,
  type KindName,
  KINDS,
  spreadOf,
} from "./figures.ts";

/** Bets of the made set for which there are targets. */
export const FULL_BETS = 5_000_000;

/** Case, figure, the worst median that meets it. */
type Target = readonly [name: string, kind: KindName, bound: number];

/** These depend on the number of bets of the made set. */
const FULL_TARGETS: readonly Target[] = [
  ["made-window-1", "betsPerSecond", 0.8e6],
  ["made-window-8", "betsPerSecond", 2.4e6],
  // 65 µs for a batch of 150.
  ["made-window-1", "betsPerCpuSecond", 2.3e6],
  ["made-window-8", "betsPerCpuSecond", 3.5e6],
  ["made-window-1", "latencyP99", 0.0025],
  ["made-window-8", "latencyP99", 0.012],
  ["made-window-1", "recoverySeconds", 1.5],
  ["made-window-8", "recoverySeconds", 1.5],
];
const TARGETS: readonly Target[] = [
  ["real-window-1", "seconds", 0.40],
  ["real-window-8", "seconds", 0.28],
  ["made-window-1", "peakRss", 74e6],
  ["made-window-8", "peakRss", 74e6],
  ["crowd-1000", "leastServed", 0.5],
  ["crowd-5000", "firstReplySeconds", 1],
  ["crowd-5000", "peakRss", 300e6],
];

/** How many times as fast as a rival a case has to be. */
const RATIO_TARGETS = [
  { case: "made-window-1", rival: "made-postgres-copy-150", least: 1.2 },
  { case: "made-window-8", rival: "made-postgres-copy", least: 1.25 },
  { case: "made-window-8", rival: "made-postgres-copy-150", least: 3.2 },
  { case: "made-window-32", rival: "made-postgres-copy", least: 1.5 },
  {
    case: "made-database-window-8",
    rival: "made-postgres-insert-150-keyed",
    least: 0.8,
  },
];

/**
 * Compares medians with the targets, as far as they were measured. Returns a row
 * for each: case, figure, target, median, met or not.
 */
export function checkTargets(cases: readonly CaseResult[]): string[][] {
  const full = cases.filter(({ bets }) => bets === FULL_BETS);
  return [
    ...FULL_TARGETS.flatMap((target) => checkTarget(target, full)),
    ...TARGETS.flatMap((target) => checkTarget(target, cases)),
    ...RATIO_TARGETS.flatMap((target) => checkRatio(target, full)),
  ];
}

function checkTarget(
  [name, kind, bound]: Target,
  cases: readonly CaseResult[],
): string[][] {
  const found = cases.find((one) => one.name === name);
  const spread = found && spreadOf(found.runs, kind);
  if (!spread) return [];
  const { head, isMoreBetter } = KINDS[kind];
  const isMet = isMoreBetter ? spread.median >= bound : spread.median <= bound;
  return [[
    name,
    head,
    `${isMoreBetter ? "at least" : "at most"} ${formatFigure(kind, bound)}`,
    formatFigure(kind, spread.median),
    isMet ? "met" : "MISSED",
  ]];
}

function checkRatio(
  { case: name, rival, least }: typeof RATIO_TARGETS[number],
  cases: readonly CaseResult[],
): string[][] {
  const [ours, theirs] = [name, rival].map((one) => {
    const found = cases.find((candidate) => candidate.name === one);
    return found && spreadOf(found.runs, "betsPerSecond")?.median;
  });
  if (ours === undefined || theirs === undefined) return [];
  const ratio = ours / theirs;
  return [[
    name,
    `times ${rival}`,
    `at least ${least.toFixed(2)}`,
    ratio.toFixed(2),
    ratio >= least ? "met" : "MISSED",
  ]];
}
