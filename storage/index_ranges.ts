// A set of bet indexes, kept as ranges: which bets of a file are stored.

import { type Batch, isGap, packedBetEnd } from "../bet/bet.ts";
import { assertInvariant } from "../program/errors.ts";

/** The indexes from `start` up to but not including `end`. */
export interface IndexRange {
  start: number;
  end: number;
}

/**
 * An agency sends its file from the front, so there is nearly always one range;
 * but indexes may come in any order and with gaps.
 */
export class IndexRanges {
  /** Ascending, with a gap between any two. */
  readonly #ranges: IndexRange[] = [];

  /** Returns the parts of these ranges that are not in the set. */
  missing(ranges: readonly IndexRange[]): IndexRange[] {
    const missing: IndexRange[] = [];
    for (const { start, end } of ranges) {
      let from = start;
      for (let at = this.#firstEndingFrom(start); from < end; at++) {
        const range = this.#ranges[at];
        if (!range || range.start >= end) break;
        if (range.start > from) missing.push({ start: from, end: range.start });
        from = range.end;
      }
      if (from < end) missing.push({ start: from, end });
    }
    return missing;
  }

  /**
   * Adds ascending ranges, some of whose indexes may be in the set. Moves the array
   * once for all of them: once for each would hold up every agency when a file with
   * many gaps is sent from its end.
   */
  add(ranges: readonly IndexRange[]): void {
    const first = this.#firstEndingFrom(ranges[0]!.start);
    const last = ranges.at(-1)!.end;
    let after = first;
    while (after < this.#ranges.length && this.#ranges[after]!.start <= last) {
      after++;
    }
    const near = this.#ranges.slice(first, after);
    this.#ranges.splice(first, near.length, ...join([...near, ...ranges]));
  }

  /** Index of the first range that ends at or after `index`. */
  #firstEndingFrom(index: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ranges[middle]!.end >= index) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Sorts ranges, and joins those without a gap between them. */
function join(ranges: readonly IndexRange[]): IndexRange[] {
  const joined: IndexRange[] = [];
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    assertInvariant(start < end, `range ${start}..${end} is not empty`);
    const last = joined.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else joined.push({ start, end });
  }
  return joined;
}

/** Which bet indexes of a batch are bets, not gaps. */
export function betRanges(
  { bets, betIndex, count, betCount }: Batch,
): IndexRange[] {
  if (betCount === count) return [{ start: betIndex, end: betIndex + count }];
  const ranges: IndexRange[] = [];
  let last: IndexRange | undefined;
  let index = betIndex;
  for (let at = 0; at < bets.length; at = packedBetEnd(bets, at)) {
    if (isGap(bets, at)) last = undefined;
    else if (last) last.end++;
    else ranges.push(last = { start: index, end: index + 1 });
    index++;
  }
  return ranges;
}

export function countIndexes(ranges: readonly IndexRange[]): number {
  let count = 0;
  for (const { start, end } of ranges) count += end - start;
  return count;
}
