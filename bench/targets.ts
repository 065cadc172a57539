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

interface Target {
  case: string;
  kind: KindName;
  /** The worst median that meets it. */
  bound: number;
  /** Whether the figure depends on the number of bets of the made set. */
  isForFullSet?: boolean;
}

const TARGETS: readonly Target[] = [
  full("made-window-1", "betsPerSecond", 0.8e6),
  full("made-window-8", "betsPerSecond", 2.4e6),
  { case: "real-window-1", kind: "seconds", bound: 0.40 },
  { case: "real-window-8", kind: "seconds", bound: 0.28 },
  full("made-window-1", "betsPerCpuSecond", 1.4e6),
  full("made-window-8", "betsPerCpuSecond", 3.5e6),
  full("made-window-1", "latencyP99", 0.005),
  full("made-window-8", "latencyP99", 0.012),
  // Memory does not grow with the bets, so this holds for any number.
  { case: "made-window-1", kind: "peakRss", bound: 64e6 },
  { case: "made-window-8", kind: "peakRss", bound: 64e6 },
  full("made-window-1", "recoverySeconds", 1.5),
  full("made-window-8", "recoverySeconds", 1.5),
  { case: "crowd-1000", kind: "leastServed", bound: 0.5 },
  { case: "crowd-5000", kind: "firstReplySeconds", bound: 1 },
  { case: "crowd-5000", kind: "peakRss", bound: 300e6 },
];

/** How many times as fast as a rival a case has to be. */
const RATIO_TARGETS = [
  { case: "made-window-8", rival: "made-postgres-copy", least: 1.8 },
  { case: "made-window-1", rival: "made-postgres-insert-150", least: 3.5 },
];

/**
 * Compares medians with the targets, as far as they were measured. Returns a row
 * for each: case, figure, target, median, met or not.
 */
export function checkTargets(cases: readonly CaseResult[]): string[][] {
  const rows = TARGETS.flatMap((target) => checkTarget(target, cases));
  const ratios = RATIO_TARGETS.flatMap((target) => checkRatio(target, cases));
  return [...rows, ...ratios];
}

function checkTarget(
  { case: name, kind, bound, isForFullSet = false }: Target,
  cases: readonly CaseResult[],
): string[][] {
  const found = cases.find((one) => one.name === name);
  const spread = found && spreadOf(found.runs, kind);
  if (!spread || (isForFullSet && found.bets !== FULL_BETS)) return [];
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
    if (found?.bets !== FULL_BETS) return undefined;
    return spreadOf(found.runs, "betsPerSecond")?.median;
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

function full(name: string, kind: KindName, bound: number): Target {
  return { case: name, kind, bound, isForFullSet: true };
}
