// Short sequences of bytes for the tests of what reads bytes in words.

import { wordViewOf } from "../../bytes/swar.ts";
import { Random, SEED } from "./random_bets.ts";

/** Bytes at the limits of each class, and some ordinary ones. */
const EDGES = [
  ...[0x00, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x2b, 0x2c, 0x2d, 0x2f, 0x30, 0x39],
  ...[0x3a, 0x41, 0x7a, 0x7e, 0x7f, 0x80, 0xa0, 0xbf, 0xc0, 0xc2, 0xc3, 0xdf],
  ...[0xe0, 0xed, 0xf0, 0xf4, 0xf5, 0xff],
];

/** Every range of many short sequences of bytes, with more bytes after it. */
export function forEachRange(
  check: (
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ) => void,
): void {
  const random = new Random(SEED);
  for (let round = 0; round < 2_000; round++) {
    const edges = random.pick([EDGES, [0x30, 0x39, 0x41, 0x2c, 0xc3, 0xb1]]);
    const bytes = Uint8Array.from({ length: 14 }, () => random.pick(edges));
    const view = wordViewOf(bytes);
    for (let start = 0; start < 5; start++) {
      for (let end = start; end <= 10; end++) check(bytes, view, start, end);
    }
  }
}
