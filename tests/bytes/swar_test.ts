import { assertEquals } from "@std/assert";
import {
  areDigits,
  copyLookingForSeparators,
  copyWords,
  findBelow,
  findEqual,
  viewOf,
  WORD_BYTES,
  wordViewOf,
} from "../../bytes/swar.ts";
import { forEachRange } from "../support/byte_ranges.ts";
import { SEED } from "../support/random_bets.ts";

const COMMA = 0x2c;
const QUOTE = 0x22;
Deno.test("wordViewOf() covers the bytes, and a word after them", () => {
  const buffer = Uint8Array.of(9, 1, 2, 3, 4, 5, 6, 7);
  const within = wordViewOf(buffer.subarray(1, 4));
  assertEquals([within.byteOffset, within.byteLength], [1, 3 + WORD_BYTES]);
  assertEquals(within.buffer === buffer.buffer, true);
  const atEnd = wordViewOf(buffer.subarray(2, 5));
  assertEquals(atEnd.byteLength, 3 + WORD_BYTES);
  assertEquals([0, 1, 2].map((at) => atEnd.getUint8(at)), [2, 3, 4]);
});

Deno.test("the copying functions copy from and to any offset", () => {
  const source = Uint8Array.from({ length: 40 }, (_, i) => 0x41 + i);
  for (const copy of [copyWords, copyLookingForSeparators]) {
    for (let size = 0; size <= 12; size++) {
      for (let from = 0; from < 5; from++) {
        for (let to = 0; to < 5; to++) {
          const target = new Uint8Array(40);
          copy(viewOf(target), to - from, viewOf(source), from, from + size);
          assertEquals(
            target.slice(0, to + size),
            Uint8Array.of(
              ...new Uint8Array(to),
              ...source.subarray(from, from + size),
            ),
          );
          // At most part of a word is read after the end.
          assertEquals(
            target.slice(to + size + 3).every((byte) => byte === 0),
            true,
          );
        }
      }
    }
  }
});

Deno.test(`copyLookingForSeparators() finds any in its words (seed ${SEED})`, () => {
  const target = viewOf(new Uint8Array(64));
  forEachRange((bytes, view, start, end) => {
    const size = WORD_BYTES * Math.ceil((end - start) / WORD_BYTES);
    const words = [...bytes.subarray(start, start + size)];
    assertEquals(
      copyLookingForSeparators(target, 3 - start, view, start, end),
      words.includes(COMMA) || words.includes(QUOTE),
    );
  });
});

Deno.test(`findBelow() finds the first byte below or not ASCII (seed ${SEED})`, () => {
  const limit = COMMA + 1;
  forEachRange((bytes, view, start) => {
    const found = bytes.findIndex((byte, at) =>
      at >= start && (byte < limit || byte >= 0x80)
    );
    if (found < 0) return;
    assertEquals(findBelow(view, start, limit * 0x01010101), found);
  });
});

Deno.test(`findEqual() finds the first equal byte before the end (seed ${SEED})`, () => {
  forEachRange((bytes, view, start, end) => {
    const found = bytes.indexOf(QUOTE, start);
    const at = findEqual(view, start, QUOTE * 0x01010101, end);
    if (found >= 0 && found < end) assertEquals(at, found);
    else assertEquals(at >= end, true);
  });
});

Deno.test(`areDigits() agrees with a regular expression (seed ${SEED})`, () => {
  forEachRange((bytes, view, start, end) => {
    const text = String.fromCharCode(...bytes.subarray(start, end));
    assertEquals(areDigits(view, start, end), /^[0-9]*$/.test(text));
  });
});
