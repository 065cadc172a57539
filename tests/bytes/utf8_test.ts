import { assertEquals, fail } from "@std/assert";
import { characterSizeAt, wordViewOf } from "../../bytes/swar.ts";
import { decode } from "../support/decodable.ts";
import { Random, SEED } from "../support/random_bets.ts";

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

function assertAgrees(bytes: Uint8Array): void {
  const isAllowed = isUtf8(bytes, 0, bytes.length);
  if (isAllowed !== (decode(bytes) !== undefined)) {
    fail(`${isAllowed}: ${bytes.toHex()}`);
  }
}

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
