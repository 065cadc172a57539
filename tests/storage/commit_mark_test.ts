import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import {
  type CommitMark,
  CRC_DIGITS,
  formatCrc,
  formatMarkStart,
  MAX_MARK_BYTES,
  parseMark,
} from "../../storage/commit_mark.ts";
import { Random, SEED } from "../support/random_bets.ts";

const MARK: CommitMark = {
  fingerprint: "0123456789abcdef",
  betIndex: 1350,
  count: 150,
  crc: 0x00beef0a,
};
const TEXT = "0123456789abcdef:1350:150:00beef0a";

function format(mark: CommitMark): string {
  return formatMarkStart(mark) + formatCrc(mark.crc);
}

Deno.test("formatMarkStart() and formatCrc() write the mark of the store", () => {
  assertEquals(formatMarkStart(MARK), "0123456789abcdef:1350:150:");
  assertEquals(format(MARK), TEXT);
});

Deno.test("formatCrc() writes 8 lowercase digits of any CRC", () => {
  const table: [number, string][] = [
    [0, "00000000"],
    [0xa, "0000000a"],
    [0x80000000, "80000000"],
    [0xffffffff, "ffffffff"],
  ];
  for (const [crc, text] of table) {
    assertEquals(formatCrc(crc), text);
    assertEquals(text.length, CRC_DIGITS);
  }
});

Deno.test("parseMark() reads what was written", () => {
  assertEquals(parseMark(TEXT), MARK);
  assertEquals(parseMark("ffffffffffffffff:0:1:ffffffff"), {
    fingerprint: "ffffffffffffffff",
    betIndex: 0,
    count: 1,
    crc: 0xffffffff,
  });
});

Deno.test("parseMark() refuses a mark cut at either end", () => {
  for (let cut = 1; cut <= TEXT.length; cut++) {
    assertEquals(parseMark(TEXT.slice(0, -cut)), undefined, `${cut} behind`);
    assertEquals(parseMark(TEXT.slice(cut)), undefined, `${cut} before`);
  }
});

Deno.test("parseMark() refuses text with more than a mark", () => {
  const table = [
    ` ${TEXT}`,
    `${TEXT} `,
    `${TEXT}\n`,
    `${TEXT}\r`,
    `,${TEXT}`,
    `"${TEXT}"`,
    `${TEXT}:`,
    TEXT.toUpperCase(),
    TEXT.replace("beef", "BEEF"),
    TEXT.replace(":1350", ":01350"),
    TEXT.replace(":1350", ":-1350"),
    TEXT.replace(":1350", ":+1350"),
    TEXT.replace(":1350", ":1e3"),
    TEXT.replace(":1350", ":"),
    TEXT.replace(":150", ":0"),
    TEXT.replace(":150", ":00150"),
    TEXT.replace(":150", ":"),
    TEXT.replace("0123", "g123"),
    TEXT.replace("0123", "00123"),
    TEXT.replace("00beef0a", "000beef0a"),
    TEXT.replace("00beef0a", "0xbeef0a"),
  ];
  for (const text of table) assertEquals(parseMark(text), undefined, text);
});

Deno.test("parseMark() never reads a changed mark as the same", () => {
  for (let at = 0; at < TEXT.length; at++) {
    for (let bit = 0; bit < 7; bit++) {
      const changed = String.fromCharCode(TEXT.charCodeAt(at) ^ (1 << bit));
      const text = TEXT.slice(0, at) + changed + TEXT.slice(at + 1);
      const mark = parseMark(text);
      assert(mark === undefined || format(mark) === text, text);
    }
  }
});

Deno.test(`parseMark() returns what was formatted (seed ${SEED})`, () => {
  const random = new Random(SEED);
  for (let round = 0; round < 1_000; round++) {
    const mark = {
      fingerprint: random.bytes(8).toHex(),
      betIndex: random.below(2 ** 32),
      count: 1 + random.below(65535),
      crc: random.below(2 ** 32),
    };
    const text = format(mark);
    assertEquals(parseMark(text), mark);
    assertLessOrEqual(text.length, MAX_MARK_BYTES);
  }
});
