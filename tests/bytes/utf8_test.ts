import { assertEquals, fail } from "@std/assert";
import { characterSizeAt, wordViewOf } from "../../bytes/swar.ts";
import { decode } from "../support/decodable.ts";
import { Random, randomBets, SEED } from "../support/random_bets.ts";

/** The rows of Unicode's table 3-7: for each byte, the lowest and the highest. */
const WELL_FORMED = [
  [[0x00, 0x7f]],
  [[0xc2, 0xdf], [0x80, 0xbf]],
  [[0xe0, 0xe0], [0xa0, 0xbf], [0x80, 0xbf]],
  [[0xe1, 0xec], [0x80, 0xbf], [0x80, 0xbf]],
  [[0xed, 0xed], [0x80, 0x9f], [0x80, 0xbf]],
  [[0xee, 0xef], [0x80, 0xbf], [0x80, 0xbf]],
  [[0xf0, 0xf0], [0x90, 0xbf], [0x80, 0xbf], [0x80, 0xbf]],
  [[0xf1, 0xf3], [0x80, 0xbf], [0x80, 0xbf], [0x80, 0xbf]],
  [[0xf4, 0xf4], [0x80, 0x8f], [0x80, 0xbf], [0x80, 0xbf]],
] as const;

/** Steps through `bytes[start..end)` with characterSize(). */
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

function isWhollyUtf8(...bytes: number[]): boolean {
  return isUtf8(Uint8Array.from(bytes), 0, bytes.length);
}

function assertAgrees(bytes: Uint8Array): void {
  const isAllowed = isUtf8(bytes, 0, bytes.length);
  if (isAllowed !== (decode(bytes) !== undefined)) {
    fail(`${isAllowed}: ${bytes.toHex()}`);
  }
}

Deno.test("characterSize() accepts the lowest and highest byte of each row of table 3-7", () => {
  for (const row of WELL_FORMED) {
    const lowest = row.map(([low]) => low);
    const highest = row.map(([, high]) => high);
    assertEquals(isWhollyUtf8(...lowest), true, `${lowest}`);
    assertEquals(isWhollyUtf8(...highest), true, `${highest}`);
  }
});

Deno.test("characterSize() refuses a later byte just outside its row of table 3-7", () => {
  for (const row of WELL_FORMED) {
    for (let at = 1; at < row.length; at++) {
      const [low, high] = row[at]!;
      for (const outside of [low - 1, high + 1, 0x00, 0x7f, 0xc0, 0xff]) {
        const bytes = row.map(([lowest]) => lowest as number);
        bytes[at] = outside;
        assertEquals(isWhollyUtf8(...bytes), false, `${bytes}`);
      }
    }
  }
});

Deno.test("characterSize() refuses every sequence cut off", () => {
  for (const row of WELL_FORMED) {
    const bytes = row.map(([low]) => low as number);
    for (let size = 1; size < bytes.length; size++) {
      assertEquals(isWhollyUtf8(...bytes.slice(0, size)), false, `${bytes}`);
    }
  }
});

Deno.test("characterSize() agrees with TextDecoder on every two bytes after ASCII", () => {
  for (let first = 0x7f; first < 256; first++) {
    for (let second = 0; second < 256; second++) {
      assertAgrees(Uint8Array.of(first, second));
    }
  }
});

Deno.test("characterSize() agrees with TextDecoder on every lead and second byte of longer sequences", () => {
  for (let lead = 0xe0; lead < 256; lead++) {
    for (let second = 0; second < 256; second++) {
      assertAgrees(Uint8Array.of(lead, second, 0x80));
      assertAgrees(Uint8Array.of(lead, second, 0x80, 0xbf));
    }
  }
});

Deno.test("characterSize() reads nothing outside its range", () => {
  const bytes = Uint8Array.of(0xff, 0xc3, 0x91, 0x91, 0x41);
  assertEquals(isUtf8(bytes, 1, 3), true, "the Ñ alone");
  assertEquals(isUtf8(bytes, 1, 2), false, "cut off, though its tail follows");
  assertEquals(isUtf8(bytes, 1, 4), false, "one tail too many");
  assertEquals(isUtf8(bytes, 4, 5), true);
  assertEquals(isUtf8(bytes, 2, 2), true, "an empty range");
});

Deno.test(`characterSize() agrees with TextDecoder on random bytes (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const edges = [0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2]
    .concat([0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5]);
  for (let round = 0; round < 5_000; round++) {
    assertAgrees(random.bytes(random.below(7)));
    assertAgrees(Uint8Array.from(
      { length: 1 + random.below(6) },
      () => random.pick(edges),
    ));
  }
});

Deno.test(`characterSize() agrees with TextDecoder on names with a byte changed (seed ${SEED})`, () => {
  const random = new Random(SEED);
  for (const { firstName } of randomBets(random, 1_000)) {
    const bytes = new TextEncoder().encode(firstName);
    assertAgrees(bytes);
    bytes[random.below(bytes.length)] = random.below(256);
    assertAgrees(bytes);
  }
});
