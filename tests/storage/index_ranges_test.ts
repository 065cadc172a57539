import { assertEquals } from "@std/assert";
import { OffsetRanges } from "../../storage/index_ranges.ts";
import { Random, SEED } from "../support/random_bets.ts";

/** All that is missing up to 100, as `start-end` each. */
function gaps(ranges: OffsetRanges): string {
  return ranges.missing(0, 100)
    .map(({ start, end }) => `${start}-${end}`).join(" ");
}

function rangesOf(...added: [number, number][]): OffsetRanges {
  const ranges = new OffsetRanges();
  for (const [start, end] of added) ranges.add(start, end);
  return ranges;
}

Deno.test("OffsetRanges.missing() gives all of it while nothing was added", () => {
  const ranges = new OffsetRanges();
  assertEquals(ranges.missing(3, 8), [{ start: 3, end: 8 }]);
  assertEquals(ranges.missing(3, 3), []);
});

Deno.test("OffsetRanges.missing() gives what was not added, in order", () => {
  const ranges = rangesOf([10, 20], [30, 40]);
  const table: [number, number, [number, number][]][] = [
    [0, 10, [[0, 10]]],
    [0, 11, [[0, 10]]],
    [10, 20, []],
    [9, 21, [[9, 10], [20, 21]]],
    [12, 18, []],
    [19, 31, [[20, 30]]],
    [20, 30, [[20, 30]]],
    [22, 25, [[22, 25]]],
    [0, 50, [[0, 10], [20, 30], [40, 50]]],
    [15, 35, [[20, 30]]],
    [39, 41, [[40, 41]]],
    [40, 50, [[40, 50]]],
    [90, 99, [[90, 99]]],
  ];
  for (const [start, end, missing] of table) {
    assertEquals(
      ranges.missing(start, end),
      missing.map(([start, end]) => ({ start, end })),
      `${start} to ${end}`,
    );
  }
});

Deno.test("OffsetRanges.add() joins what touches and what overlaps", () => {
  const table: [[number, number][], string][] = [
    [[[0, 10], [10, 20]], "20-100"],
    [[[10, 20], [0, 10]], "20-100"],
    [[[0, 10], [20, 30], [10, 20]], "30-100"],
    [[[0, 10], [20, 30], [11, 19]], "10-11 19-20 30-100"],
    [[[0, 10], [20, 30], [40, 50], [5, 45]], "50-100"],
    [[[10, 20], [12, 15]], "0-10 20-100"],
    [[[12, 15], [10, 20]], "0-10 20-100"],
    [[[10, 20], [10, 20]], "0-10 20-100"],
    [[[30, 40], [10, 20], [0, 5]], "5-10 20-30 40-100"],
    [[[0, 1], [2, 3], [4, 5], [1, 2]], "3-4 5-100"],
  ];
  for (const [added, expected] of table) {
    assertEquals(gaps(rangesOf(...added)), expected, JSON.stringify(added));
  }
});

Deno.test("OffsetRanges takes the last offset that a frame can say", () => {
  const end = 2 ** 32 + 65534;
  const ranges = rangesOf([2 ** 32 - 1, end]);
  assertEquals(ranges.missing(2 ** 32 - 2, end + 1), [
    { start: 2 ** 32 - 2, end: 2 ** 32 - 1 },
    { start: end, end: end + 1 },
  ]);
});

Deno.test("OffsetRanges.clone() is a set of its own", () => {
  const ranges = rangesOf([10, 20]);
  const copy = ranges.clone();
  assertEquals(gaps(copy), "0-10 20-100");
  // Each joins the range that both began with.
  copy.add(0, 10);
  ranges.add(20, 30);
  assertEquals(gaps(copy), "20-100");
  assertEquals(gaps(ranges), "0-10 30-100");
});

Deno.test(`OffsetRanges agrees with a plain set of positions (seed ${SEED})`, () => {
  const random = new Random(SEED);
  for (let round = 0; round < 200; round++) {
    const ranges = new OffsetRanges();
    const positions = new Set<number>();
    for (let step = 0; step < 20; step++) {
      const start = random.below(60);
      const end = start + 1 + random.below(12);
      const missing = ranges.missing(start, end);
      assertEquals(
        missing.flatMap(({ start, end }) => positionsOf(start, end)),
        positionsOf(start, end).filter((at) => !positions.has(at)),
      );
      ranges.add(start, end);
      for (const at of positionsOf(start, end)) positions.add(at);
    }
  }
});

function positionsOf(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}
