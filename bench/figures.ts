/**
 * The kinds of figure, and the results of a sitting as they are kept as JSON.
 *
 * @module
 */

/** What is known of a kind of figure. */
export interface Kind {
  /** Head of its column. */
  readonly head: string;
  /** Whether more of it is better. */
  readonly isMoreBetter: boolean;
  /** Decimal places, after the division by `unit`. */
  readonly digits: number;
  /** What the figure is divided by to be shown. */
  readonly unit: number;
}

/** The kinds, in the order of the columns. Figures are kept in base units. */
export const KINDS = {
  /** From the start of the agencies to the exit of the last one. */
  seconds: kind("seconds", 3),
  betsPerSecond: kind("M bets/s", 2, { isMoreBetter: true, unit: 1e6 }),
  /** From the write of a BET frame to its OK. */
  latencyP50: kind("p50 ms", 2, { unit: 1e-3 }),
  latencyP99: kind("p99 ms", 2, { unit: 1e-3 }),
  /** Of the central, user and system, during `seconds`. */
  cpuSeconds: kind("CPU s", 2),
  betsPerCpuSecond: kind("M bets/CPU s", 2, { isMoreBetter: true, unit: 1e6 }),
  /** Of the central. */
  peakRss: kind("peak RSS MB", 1, { unit: 1e6 }),
  /** From the start of a central on the finished store until it is read. */
  recoverySeconds: kind("recovery s", 3),
  /** Until all connections of a crowd are open. */
  connectSeconds: kind("connect s", 2),
  /** From the common start until each of a crowd has had one reply. */
  firstReplySeconds: kind("first reply s", 2),
  /** Fewest batches served when half of all are, over the mean. */
  leastServed: kind("fewest/mean", 2, { isMoreBetter: true }),
  secondsPerBet: kind("ns/bet", 1, { unit: 1e-9 }),
  bytesPerSecond: kind("MB/s", 0, { isMoreBetter: true, unit: 1e6 }),
} as const satisfies Record<string, Kind>;

/** Name of a kind. */
export type KindName = keyof typeof KINDS;

/** The figures of one run. */
export type Figures = { [K in KindName]?: number };

/** All runs of one case. */
export interface CaseResult {
  /** Name, by which results are compared. */
  name: string;
  /** The same for people. */
  title: string;
  /** Whose bets they are, for people. */
  data: string;
  /** Bets of each run. */
  bets: number;
  /** What was measured, run by run. */
  runs: Figures[];
}

/** All that was measured in one sitting. */
export interface Sitting {
  /** When it began: ISO 8601, UTC. */
  date: string;
  /** The machine: a few words by subject. */
  machine: Record<string, string>;
  /** The cases, in the order of measurement. */
  cases: CaseResult[];
}

/** Where the runs of a case lie. */
export interface Spread {
  /** The middle one; of an even number, the mean of the two in the middle. */
  median: number;
  /** The least. */
  min: number;
  /** The most. */
  max: number;
}

/** Finds where the figures of a kind lie; `undefined` if no run has one. */
export function spreadOf(
  runs: readonly Figures[],
  name: KindName,
): Spread | undefined {
  const values = runs.map((run) => run[name])
    .filter((value) => value !== undefined)
    .sort((a, b) => a - b);
  if (values.length === 0) return undefined;
  const middle = (values.length - 1) / 2;
  const below = values[Math.floor(middle)]!;
  const above = values[Math.ceil(middle)]!;
  return { median: (below + above) / 2, min: values[0]!, max: values.at(-1)! };
}

/** Finds the median of a kind; `undefined` if no run has one. */
export function medianOf(
  runs: readonly Figures[],
  name: KindName,
): number | undefined {
  return spreadOf(runs, name)?.median;
}

/** Lists the kinds that any run has, in the order of the columns. */
export function kindsOf(cases: readonly CaseResult[]): KindName[] {
  return (Object.keys(KINDS) as KindName[]).filter((name) =>
    cases.some(({ runs }) => runs.some((run) => run[name] !== undefined))
  );
}

/** Formats a figure in the unit of its kind, without the unit. */
export function formatFigure(name: KindName, value: number): string {
  const { unit, digits } = KINDS[name];
  return (value / unit).toFixed(digits);
}

/** Reads the results of a sitting. Throws an `Error` if it is no such file. */
export async function readSitting(path: string): Promise<Sitting> {
  let sitting: Partial<Sitting>;
  try {
    sitting = JSON.parse(await Deno.readTextFile(path));
  } catch (cause) {
    throw new Error(`Cannot read results "${path}": ${cause}`, { cause });
  }
  if (!Array.isArray(sitting.cases)) {
    throw new Error(`Cannot read results "${path}": there are no cases in it`);
  }
  return sitting as Sitting;
}

function kind(
  head: string,
  digits: number,
  { isMoreBetter = false, unit = 1 }: Partial<Kind> = {},
): Kind {
  return { head, digits, isMoreBetter, unit };
}
