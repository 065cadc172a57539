import { assertEquals, fail } from "@std/assert";
import { WORD_BYTES, wordViewOf } from "../../bytes/swar.ts";
import { characterSizeAt, isBlankText, isPlainText } from "../../bytes/utf8.ts";
import { forEachRange } from "../support/byte_ranges.ts";
import { decode } from "../support/decodable.ts";
import { SEED } from "../support/random_bets.ts";

/** Control characters, zero-width spaces, and what changes the direction. */
const INVISIBLE_REGEXP =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\u200B\u2060-\u206F\uFEFF]/u;

/** Steps through `bytes[start..end)` with characterSizeAt(). */
function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  const view = wordViewOf(bytes);
  let at = start;
  while (at < end) {
    const isAscii = bytes[at]! < 0x80;
    const size = isAscii ? 1 : characterSizeAt(view, at);
    if (size === 0) return false;
    at += size;
  }
  return at === end;
}

function assertAgrees(bytes: Uint8Array): void {
  const isAllowed = isUtf8(bytes, 0, bytes.length);
  if (isAllowed !== (decode(bytes) !== undefined)) {
    fail(`${isAllowed}: ${bytes.toHex()}`);
  }
}

Deno.test("characterSizeAt() agrees with TextDecoder on every two bytes after ASCII", () => {
  for (let first = 0x7f; first < 256; first++) {
    for (let second = 0; second < 256; second++) {
      assertAgrees(Uint8Array.of(first, second));
    }
  }
});

Deno.test("characterSizeAt() agrees with TextDecoder on every lead and second byte of longer sequences", () => {
  for (let lead = 0xe0; lead < 256; lead++) {
    for (let second = 0; second < 256; second++) {
      assertAgrees(Uint8Array.of(lead, second, 0x80));
      assertAgrees(Uint8Array.of(lead, second, 0x80, 0xbf));
    }
  }
});

Deno.test("characterSizeAt() reads nothing outside its range", () => {
  const bytes = Uint8Array.of(0xff, 0xc3, 0x91, 0x91, 0x41);
  assertEquals(isUtf8(bytes, 1, 3), true, "the Ñ alone");
  assertEquals(isUtf8(bytes, 1, 2), false, "cut off, though its tail follows");
  assertEquals(isUtf8(bytes, 1, 4), false, "one tail too many");
  assertEquals(isUtf8(bytes, 4, 5), true);
  assertEquals(isUtf8(bytes, 2, 2), true, "an empty range");
});

Deno.test(`isPlainText() agrees with a decoder (seed ${SEED})`, () => {
  forEachRange((bytes, view, start, end) => {
    const field = bytes.subarray(start, end);
    if (isPlainText(view, start, end) !== isPlain(field)) fail(field.toHex());
  });
});

Deno.test("isPlainText() is right about any two bytes at any offset", () => {
  const pairs = Array.from(
    { length: 1 << 16 },
    (_, pair) => isPlain(Uint8Array.of(pair >> 8, pair & 255)),
  );
  for (let shift = 0; shift < WORD_BYTES; shift++) {
    const bytes = new Uint8Array(3 * WORD_BYTES).fill(0x61);
    const field = bytes.subarray(0, shift + 2);
    const view = wordViewOf(field);
    for (const [pair, isRight] of pairs.entries()) {
      field.set([pair >> 8, pair & 255], shift);
      if (isPlainText(view, 0, shift + 2) !== isRight) fail(field.toHex());
    }
  }
});

Deno.test("isPlainText() is right about every character at any offset", () => {
  const encoder = new TextEncoder();
  // Between the punctuation and the byte order mark none is invisible.
  for (let code = 0; code <= 0x10ffff; code += code < 0x3100 ? 1 : 61) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
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

Deno.test("isBlankText() knows every space", () => {
  const encoder = new TextEncoder();
  for (let code = 0; code <= 0xffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const character = String.fromCharCode(code);
    // Others are never in plain text.
    if (INVISIBLE_REGEXP.test(character)) continue;
    const isBlank = /[\p{Zs}\u200C\u200D]/u.test(character);
    const text = encoder.encode(` ${character}\u00a0\u3000`);
    if (isBlankText(wordViewOf(text), 0, text.length) !== isBlank) {
      fail(`U+${code.toString(16)}`);
    }
  }
  assertEquals(isBlankText(wordViewOf(encoder.encode("ab")), 1, 1), true);
  assertEquals(isBlankText(wordViewOf(encoder.encode("  a")), 0, 2), true);
});

function isPlain(field: Uint8Array): boolean {
  const text = decode(field);
  return text !== undefined && !INVISIBLE_REGEXP.test(text);
}
