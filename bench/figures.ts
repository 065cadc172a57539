// The kinds of figure, and the results of a case.

export interface Kind {
  /** Head of its column. */
  readonly head: string;
  readonly isMoreBetter: boolean;
  /** Decimal places, after the division by `unit`. */
  readonly digits: number;
  /** Divides the figure, which is in base units, to be shown. */
  readonly unit: number;
}

/** The kinds, in the order of the columns. */
export const KINDS = {
  bets: kind("bets", 0, { isMoreBetter: true }),
  seconds: kind("seconds", 3),
  betsPerSecond: kind("M bets/s", 2, { isMoreBetter: true, unit: 1e6 }),
  latencyP50: kind("p50 ms", 2, { unit: 1e-3 }),
  latencyP99: kind("p99 ms", 2, { unit: 1e-3 }),
  cpuPerBatch: kind("CPU µs/batch", 1, { unit: 1e-6 }),
  peakRss: kind("peak RSS MB", 1, { unit: 1e6 }),
  recoverySeconds: kind("recovery s", 3),
  firstReplySeconds: kind("first reply s", 2),
  leastServed: kind("fewest/mean", 2, { isMoreBetter: true }),
  startSeconds: kind("start ms", 1, { unit: 1e-3 }),
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;

export type Figures = { [K in KindName]?: number };

/** A case, with the figures of its runs so far. */
export interface Case {
  name: string;
  /** Name of the case that it is compared with, beside the baseline's. */
  rival?: string | undefined;
  runs: Figures[];
}

export interface Spread {
  /** The middle value, or the mean of the two in the middle. */
  median: number;
  min: number;
  max: number;
}

/** `undefined` if there are no values. */
export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const below = sorted[Math.floor(middle)]!;
  const above = sorted[Math.ceil(middle)]!;
  return { median: (below + above) / 2, min: sorted[0]!, max: sorted.at(-1)! };
}

export function spreadOf(
  runs: readonly Figures[],
  name: KindName,
): Spread | undefined {
  return spread(runs.flatMap((run) => run[name] ?? []));
}

/**
 * The spread of two cases' ratios, run by run: both runs of a pair saw the
 * machine in about the same state. `undefined` if no pair has the figure.
 */
export function ratioSpread(
  over: Case,
  under: Case,
  name: KindName,
): Spread | undefined {
  return spread(over.runs.flatMap((run, i) => {
    const [a, b] = [run[name], under.runs[i]?.[name]];
    return a === undefined || b === undefined ? [] : a / b;
  }));
}

/** Formats a figure in the unit of its kind, without the unit. */
export function formatFigure(name: KindName, value: number): string {
  const { unit, digits } = KINDS[name];
  return (value / unit).toFixed(digits);
}

function kind(
  head: string,
  digits: number,
  { isMoreBetter = false, unit = 1 }: Partial<Kind> = {},
): Kind {
  return { head, digits, isMoreBetter, unit };
}
