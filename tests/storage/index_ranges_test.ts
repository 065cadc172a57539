import { assertEquals, assertThrows } from "@std/assert";
import { InvariantError } from "../../program/errors.ts";
import { type IndexRange, IndexRanges } from "../../storage/index_ranges.ts";
import { Random, SEED } from "../support/random_bets.ts";

function rangesOf(...added: [number, number][]): IndexRanges {
  const ranges = new IndexRanges();
  for (const [start, end] of added) ranges.add([{ start, end }]);
  return ranges;
}

Deno.test("IndexRanges accepts the largest index of a frame", () => {
  const end = 2 ** 32 + 65534;
  const ranges = rangesOf([2 ** 32 - 1, end]);
  assertEquals(ranges.missing([{ start: 2 ** 32 - 2, end: end + 1 }]), [
    { start: 2 ** 32 - 2, end: 2 ** 32 - 1 },
    { start: end, end: end + 1 },
  ]);
});

Deno.test("IndexRanges.add() refuses an empty range", () => {
  assertThrows(() => rangesOf([3, 3]), InvariantError, "range 3..3");
  assertThrows(() => rangesOf([4, 3]), InvariantError, "range 4..3");
});

Deno.test(`IndexRanges keeps thousands of ranges in any order (seed ${SEED})`, () => {
  // Each range is followed by a gap.
  const starts = Array.from({ length: 5_000 }, (_, index) => 10 * index);
  const random = new Random(SEED);
  const shuffled = starts.map((start) => ({ start, key: random.below(1e9) }))
    .sort((a, b) => a.key - b.key).map(({ start }) => start);
  for (const order of [starts, starts.toReversed(), shuffled]) {
    const ranges = rangesOf(
      ...order.map((start): [number, number] => [start, start + 9]),
    );
    assertEquals(
      ranges.missing([{ start: 0, end: 50_000 }]),
      starts.map((start) => ({ start: start + 9, end: start + 10 })),
    );
    // The gaps in the middle are filled one by one, the others at once.
    for (const start of order) {
      if (start >= 20_000 && start < 30_000) {
        ranges.add([{ start: start + 9, end: start + 10 }]);
      }
    }
    assertEquals(ranges.missing([{ start: 20_000, end: 30_000 }]), []);
    ranges.add([{ start: 5, end: 49_999 }]);
    assertEquals(ranges.missing([{ start: 0, end: 50_000 }]), [{
      start: 49_999,
      end: 50_000,
    }]);
  }
});

Deno.test(`IndexRanges agrees with a plain set of indexes (seed ${SEED})`, () => {
  const random = new Random(SEED);
  for (let round = 0; round < 200; round++) {
    const ranges = new IndexRanges();
    const indexes = new Set<number>();
    for (let step = 0; step < 20; step++) {
      const added = randomRanges(random);
      const all = added.flatMap(indexesOf);
      const missing = ranges.missing(added);
      assertEquals(
        missing.flatMap(indexesOf),
        all.filter((at) => !indexes.has(at)),
      );
      ranges.add(added);
      for (const at of all) indexes.add(at);
    }
  }
});

/** A batch's ranges: ascending, and with a gap between any two. */
function randomRanges(random: Random): IndexRange[] {
  let at = random.below(60);
  return Array.from({ length: 1 + random.below(3) }, () => {
    const start = at;
    const end = start + 1 + random.below(6);
    at = end + 1 + random.below(6);
    return { start, end };
  });
}

function indexesOf({ start, end }: IndexRange): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}
