/**
 * Which positions of an agency's file are stored, as ranges.
 *
 * @module
 */

/** Positions `start`, `start + 1`, … up to but not including `end`. */
export interface OffsetRange {
  /** First position. */
  start: number;
  /** Position after the last. */
  end: number;
}

/**
 * A set of positions. An agency sends its file from the front, so that it is
 * nearly always a single range; a batch that was refused leaves a gap.
 */
export class OffsetRanges {
  /** In order, with a gap between any two. */
  #ranges: OffsetRange[] = [];

  /**
   * Finds what is not in the set yet.
   *
   * @param start First position asked for.
   * @param end Position after the last.
   * @returns The missing parts in order; none if all are in the set.
   */
  missing(start: number, end: number): OffsetRange[] {
    const missing: OffsetRange[] = [];
    let from = start;
    for (let i = this.#firstEndingFrom(start); i < this.#ranges.length; i++) {
      const range = this.#ranges[i]!;
      if (range.start >= end) break;
      if (range.start > from) missing.push({ start: from, end: range.start });
      from = range.end;
    }
    if (from < end) missing.push({ start: from, end });
    return missing;
  }

  /**
   * Adds positions, some of which may be in the set.
   *
   * @param start First position.
   * @param end Position after the last, more than `start`.
   */
  add(start: number, end: number): void {
    const first = this.#firstEndingFrom(start);
    let after = first;
    const joined = { start, end };
    while (after < this.#ranges.length && this.#ranges[after]!.start <= end) {
      joined.start = Math.min(joined.start, this.#ranges[after]!.start);
      joined.end = Math.max(joined.end, this.#ranges[after]!.end);
      after++;
    }
    this.#ranges.splice(first, after - first, joined);
  }

  /**
   * Copies the set.
   *
   * @returns A set of the same positions.
   */
  clone(): OffsetRanges {
    const copy = new OffsetRanges();
    copy.#ranges = this.#ranges.map((range) => ({ ...range }));
    return copy;
  }

  /** Index of the first range that reaches `offset`; looked for from the back, where a new batch goes. */
  #firstEndingFrom(offset: number): number {
    let index = this.#ranges.length;
    while (index > 0 && this.#ranges[index - 1]!.end >= offset) index--;
    return index;
  }
}
