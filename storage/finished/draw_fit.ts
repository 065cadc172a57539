// Whether a store may be opened with a number of agencies of the draw. If all of
// them have finished, the start holds the draw, which cannot be undone. So the
// number must not leave out an agency that has sent something.

const MAX_NAMED = 5;

export interface DrawFacts {
  /** The number of agencies to open with; 0 for no draw. */
  expected: number;
  /** That of the held draw, if it is held. */
  held: number | undefined;
  withBets: Iterable<number>;
  finished: ReadonlySet<number>;
}

/** Returns why the number does not fit the store, if it does not. */
export function findDrawMisfit(
  { expected, held, withBets, finished }: DrawFacts,
): string | undefined {
  if (held === expected) return undefined;
  if (held !== undefined) {
    return `was held with ${held} agencies, but draw.agencies is ${expected}; set it to ${held}, or use a new store`;
  }
  if (firstUnfinished(finished) <= expected) return undefined;
  const leftOut = findLeftOut(expected, { withBets, finished });
  if (!leftOut) return undefined;
  const { names, highest } = leftOut;
  return `would leave out agencies with bets or that have finished (${names}), because draw.agencies is ${expected}; set it to ${highest} or more, or send the files of the others to a new store`;
}

export interface LeftOut {
  /** Their ids; of many only the first ones. */
  names: string;
  highest: number;
}

/**
 * The agencies with bets or that have finished, but that take no part in a draw
 * of agencies 1 to `expected`. None without a draw.
 */
export function findLeftOut(
  expected: number,
  { withBets, finished }: Pick<DrawFacts, "withBets" | "finished">,
): LeftOut | undefined {
  if (expected === 0) return undefined;
  const leftOut = [...finished.union(new Set(withBets))]
    .filter((id) => id > expected)
    .sort((a, b) => a - b);
  const highest = leftOut.at(-1);
  if (highest === undefined) return undefined;
  const more = leftOut.length - MAX_NAMED;
  const names = leftOut.slice(0, MAX_NAMED).join(", ") +
    (more > 0 ? ` and ${more} more` : "");
  return { names, highest };
}

/**
 * The lowest agency id that has not finished. The agencies of a draw have
 * finished if it is above their number.
 */
export function firstUnfinished(finished: ReadonlySet<number>): number {
  let agency = 1;
  while (finished.has(agency)) agency++;
  return agency;
}
