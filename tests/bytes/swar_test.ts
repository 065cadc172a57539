import { assertEquals, fail } from "@std/assert";
import {
  areDigits,
  characterSizeAt,
  copyLookingForSeparators,
  copyWords,
  findBelow,
  isPlainText,
  viewOf,
  WORD_BYTES,
  wordViewOf,
} from "../../bytes/swar.ts";
import { isDecodable } from "../support/decodable.ts";
import { Random, SEED } from "../support/random_bets.ts";

const COMMA = 0x2c;
const QUOTE = 0x22;
const INVISIBLE_REGEXP = /[\p{Cc}\u2028\u2029\uFEFF]/u;
/** Bytes at the limits of each class, and some ordinary ones. */
const EDGES = [
  ...[0x00, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x2b, 0x2c, 0x2d, 0x2f, 0x30, 0x39],
  ...[0x3a, 0x41, 0x7a, 0x7e, 0x7f, 0x80, 0xa0, 0xbf, 0xc0, 0xc2, 0xc3, 0xdf],
  ...[0xe0, 0xed, 0xf0, 0xf4, 0xf5, 0xff],
];

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

Deno.test(`areDigits() agrees with a regular expression (seed ${SEED})`, () => {
  forEachRange((bytes, view, start, end) => {
    const text = String.fromCharCode(...bytes.subarray(start, end));
    assertEquals(areDigits(view, start, end), /^[0-9]*$/.test(text));
  });
});

Deno.test(`isPlainText() agrees with a decoder (seed ${SEED})`, () => {
  forEachRange((bytes, view, start, end) => {
    const field = bytes.subarray(start, end);
    if (isPlainText(view, start, end) !== isPlain(field)) fail(field.toHex());
  });
});

Deno.test("isPlainText() is right about any two bytes at any offset", () => {
  for (let shift = 0; shift < WORD_BYTES; shift++) {
    const bytes = new Uint8Array(3 * WORD_BYTES).fill(0x61);
    const field = bytes.subarray(0, shift + 2);
    const view = wordViewOf(field);
    for (let first = 0; first < 256; first++) {
      for (let second = 0; second < 256; second++) {
        field.set([first, second], shift);
        if (isPlainText(view, 0, shift + 2) !== isPlain(field)) {
          fail(field.toHex());
        }
      }
    }
  }
});

Deno.test("isPlainText() is right about every character at any offset", () => {
  const encoder = new TextEncoder();
  for (let code = 0; code <= 0x10ffff; code += code < 0x11000 ? 1 : 251) {
    const isSurrogate = code >= 0xd800 && code <= 0xdfff;
    if (isSurrogate) continue;
    const character = String.fromCodePoint(code);
    const isVisible = !INVISIBLE_REGEXP.test(character);
    for (const before of ["", "a", "ñ", "añ"]) {
      const text = encoder.encode(`${before}${character}b`);
      if (isPlainText(wordViewOf(text), 0, text.length) !== isVisible) {
        fail(`U+${code.toString(16)} behind "${before}"`);
      }
    }
  }
});

Deno.test("characterSizeAt() measures characters of 2 to 4 bytes, and no others", () => {
  for (const [text, size] of [["ñ", 2], ["€", 3], ["😀", 4], ["a", 0]]) {
    const view = wordViewOf(new TextEncoder().encode(`${text}`));
    assertEquals(characterSizeAt(view, 0), size, `${text}`);
  }
});

function isPlain(field: Uint8Array): boolean {
  return isDecodable(field) &&
    !INVISIBLE_REGEXP.test(
      new TextDecoder("utf-8", { ignoreBOM: true }).decode(field),
    );
}

/** Every range of many short sequences of bytes, with more bytes after it. */
function forEachRange(
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
