import { assertEquals, assertLessOrEqual } from "@std/assert";
import {
  type CommitMark,
  formatCrc,
  formatMark,
  isOldMark,
  maxMarkSize,
  parseMark,
} from "../../../storage/format/seal.ts";
import type { IndexRange } from "../../../storage/index_ranges.ts";
import { Random, SEED } from "../../support/random_bets.ts";

const MARK: CommitMark = {
  fingerprint: "0123456789abcdef",
  ranges: [{ start: 1350, end: 1500 }],
  write: 4096,
  crc: 0x00beef0a,
};
const TEXT = "0123456789abcdef:1350:150:4096:00beef0a";

const GAPPED: CommitMark = {
  ...MARK,
  ranges: [
    { start: 0, end: 3 },
    { start: 4, end: 14 },
    { start: 24, end: 25 },
  ],
  write: 0,
};
const GAPPED_TEXT = "0123456789abcdef:0:3.1.10.10.1:0:00beef0a";

function format(mark: CommitMark): string {
  return formatMark(mark) + formatCrc(mark.crc);
}

Deno.test("formatMark() writes the mark of the store, with its gaps", () => {
  assertEquals(formatMark(MARK), "0123456789abcdef:1350:150:4096:");
  assertEquals(format(MARK), TEXT);
  assertEquals(format(GAPPED), GAPPED_TEXT);
});

/** Parts of a mark, and what no mark has in their place. */
const WRONG: [part: string, instead: string[]][] = [
  [":1350", [":01350", ":-1350", ":+1350", ":1e3", ":"]],
  [":150", [":0", ":00150", ":", ":150.", ":150.1", ":150.0.1"]],
  [":150", [":150.1.0", ":150..1"]],
  [":4096", [":04096", ":", "", ":9007199254740993"]],
  ["0123", ["g123", "00123"]],
  ["00beef0a", ["000beef0a", "0xbeef0a", "00BEEF0a", "00beef0a:"]],
  ["00beef0a", ["00beef0a:4096:00beef0a"]],
  ["00beef0a", ["00beef0a ", "00beef0a\n", "00beef0a\r", '00beef0a"']],
];

Deno.test("parseMark() refuses text with anything but a mark", () => {
  for (
    const text of [` ${TEXT}`, `,${TEXT}`, `"${TEXT}"`, TEXT.toUpperCase()]
  ) {
    assertEquals(parseMark(text), undefined, text);
  }
  for (const [part, instead] of WRONG) {
    for (const wrong of instead) {
      const text = TEXT.replace(part, wrong);
      assertEquals(parseMark(text), undefined, text);
    }
  }
});

Deno.test("isOldMark() knows the marks of older versions", () => {
  assertEquals(isOldMark("f917eac11a87c080:0:2:e3d5a1a3"), true);
  for (const text of [TEXT, GAPPED_TEXT, ""]) {
    assertEquals(isOldMark(text), false, text);
  }
});

Deno.test(`parseMark() returns what was formatted (seed ${SEED})`, () => {
  const random = new Random(SEED);
  for (let round = 0; round < 1_000; round++) {
    const first = random.below(2 ** 32);
    const ranges: IndexRange[] = [];
    let at = first;
    for (let runs = 1 + random.below(5); runs > 0; runs--) {
      const end = at + 1 + random.below(65535);
      ranges.push({ start: at, end });
      at = end + 1 + random.below(12);
    }
    const mark = {
      fingerprint: random.bytes(8).toHex(),
      ranges,
      write: random.below(2 ** 40),
      crc: random.below(2 ** 32),
    };
    const text = format(mark);
    assertEquals(parseMark(text), mark);
    const places = ranges.at(-1)!.end - first;
    assertLessOrEqual(text.length, maxMarkSize(places));
  }
});
