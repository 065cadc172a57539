/**
 * A set of bet indexes, kept as ranges: which bets of a file are stored.
 *
 * @module
 */

import { assertInvariant } from "../program/errors.ts";

/** The indexes `start`, `start + 1`, … up to but not including `end`. */
export interface IndexRange {
  /** First index. */
  start: number;
  /** Index after the last. */
  end: number;
}

/** Where a range stands: which chunk, and which range of it. */
interface Place {
  chunk: number;
  at: number;
}

/** A longer chunk is split, so that an insertion never moves more than this. */
const MAX_CHUNK_RANGES = 512;

/**
 * A set of indexes. An agency sends its file from the front, so that there is
 * nearly always one range. But indexes may come in any order and with gaps, so
 * the ranges are kept in short sorted chunks (a B-tree of two levels): look-ups
 * are binary searches, and an insertion moves one chunk only.
 */
export class IndexRanges {
  /** No chunk is empty; ranges ascend, with a gap between any two. */
  #chunks: IndexRange[][] = [];

  /**
   * Finds what is not in the set.
   *
   * @param start First index asked for.
   * @param end Index after the last.
   * @returns The missing ranges in order; none if all indexes are in the set.
   */
  missing(start: number, end: number): IndexRange[] {
    const missing: IndexRange[] = [];
    let from = start;
    const place = this.#firstEndingFrom(start);
    for (
      let range = this.#rangeAt(place);
      range && range.start < end;
      range = this.#rangeAt(this.#moveOn(place))
    ) {
      if (range.start > from) missing.push({ start: from, end: range.start });
      from = range.end;
    }
    if (from < end) missing.push({ start: from, end });
    return missing;
  }

  /**
   * Adds indexes, some of which may be in the set already.
   *
   * @param start First index.
   * @param end Index after the last, more than `start`.
   */
  add(start: number, end: number): void {
    assertInvariant(start < end, `range ${start}..${end} is not empty`);
    const place = this.#firstEndingFrom(start);
    const range = this.#rangeAt(place);
    if (!range || range.start > end) {
      this.#insert(place, { start, end });
      return;
    }
    range.start = Math.min(range.start, start);
    range.end = Math.max(range.end, end);
    this.#absorb(range, this.#moveOn(place));
  }

  /** Removes all indexes. */
  clear(): void {
    this.#chunks = [];
  }

  /** Joins the ranges from `place` on that the grown range reaches. */
  #absorb(grown: IndexRange, place: Place): void {
    for (
      let next = this.#rangeAt(place);
      next && next.start <= grown.end;
      next = this.#rangeAt(place)
    ) {
      grown.end = Math.max(grown.end, next.end);
      this.#remove(place);
    }
  }

  #insert(place: Place, range: IndexRange): void {
    if (place.chunk === this.#chunks.length) {
      // Behind the last range: the last chunk grows.
      if (place.chunk === 0) this.#chunks.push([]);
      else place.chunk--;
      place.at = this.#chunks[place.chunk]!.length;
    }
    const chunk = this.#chunks[place.chunk]!;
    chunk.splice(place.at, 0, range);
    if (chunk.length > MAX_CHUNK_RANGES) {
      const half = chunk.splice(MAX_CHUNK_RANGES / 2);
      this.#chunks.splice(place.chunk + 1, 0, half);
    }
  }

  /** Removes the range at a place, where the next one then stands. */
  #remove(place: Place): void {
    const chunk = this.#chunks[place.chunk]!;
    chunk.splice(place.at, 1);
    if (chunk.length === 0) this.#chunks.splice(place.chunk, 1);
    else if (place.at === chunk.length) this.#nextChunk(place);
  }

  #rangeAt({ chunk, at }: Place): IndexRange | undefined {
    return this.#chunks[chunk]?.[at];
  }

  /** Moves a place to the next range, and returns it. */
  #moveOn(place: Place): Place {
    place.at++;
    if (place.at === this.#chunks[place.chunk]!.length) this.#nextChunk(place);
    return place;
  }

  #nextChunk(place: Place): void {
    place.chunk++;
    place.at = 0;
  }

  /** The position of the first range that ends at `index` or after it. */
  #firstEndingFrom(index: number): Place {
    const chunk = lowerBound(this.#chunks, (one) => one.at(-1)!.end >= index);
    const ranges = this.#chunks[chunk] ?? [];
    return { chunk, at: lowerBound(ranges, ({ end }) => end >= index) };
  }
}

/** Index of the first item for which `isReached` is true, by binary search. */
function lowerBound<T>(
  items: readonly T[],
  isReached: (item: T) => boolean,
): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isReached(items[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
