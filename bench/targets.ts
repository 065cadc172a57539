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
  medianOf,
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

/** How many times as fast as a rival a case of the full set has to be. */
const RIVALS = [
  ["made-window-1", "made-postgres-copy-150", 1.2],
  ["made-window-8", "made-postgres-copy", 1.25],
  ["made-window-8", "made-postgres-copy-150", 3.2],
  ["made-window-32", "made-postgres-copy", 1.5],
  ["made-database-window-8", "made-postgres-insert-150-keyed", 0.8],
] as const;

/**
 * Compares medians with the targets, as far as they were measured. Returns a row
 * for each: case, figure, target, median, met or not.
 */
export function checkTargets(cases: readonly CaseResult[]): string[][] {
  const full = cases.filter(({ bets }) => bets === FULL_BETS);
  return [
    ...FULL_TARGETS.flatMap((target) => checkTarget(target, full)),
    ...TARGETS.flatMap((target) => checkTarget(target, cases)),
    ...RIVALS.flatMap((rivalry) => checkRivalry(rivalry, full)),
  ];
}

function checkTarget(
  [name, kind, bound]: Target,
  cases: readonly CaseResult[],
): string[][] {
  const median = medianIn(cases, name, kind);
  if (median === undefined) return [];
  const { head, isMoreBetter } = KINDS[kind];
  const limit = formatFigure(kind, bound);
  const found = formatFigure(kind, median);
  return isMoreBetter
    ? [[name, head, `at least ${limit}`, found, verdict(median >= bound)]]
    : [[name, head, `at most ${limit}`, found, verdict(median <= bound)]];
}

function checkRivalry(
  [name, rival, least]: typeof RIVALS[number],
  full: readonly CaseResult[],
): string[][] {
  const ours = medianIn(full, name, "betsPerSecond");
  const theirs = medianIn(full, rival, "betsPerSecond");
  if (ours === undefined || theirs === undefined) return [];
  const ratio = ours / theirs;
  const target = `at least ${least.toFixed(2)}`;
  const isMet = ratio >= least;
  const found = ratio.toFixed(2);
  return [[name, `times ${rival}`, target, found, verdict(isMet)]];
}

function verdict(isMet: boolean): string {
  return isMet ? "met" : "MISSED";
}

function medianIn(
  cases: readonly CaseResult[],
  name: string,
  kind: KindName,
): number | undefined {
  const found = cases.find((one) => one.name === name);
  return found && medianOf(found.runs, kind);
}
