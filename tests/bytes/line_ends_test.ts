import { assertEquals, fail } from "@std/assert";
import { isAscii, removeReturns } from "../../bytes/line_ends.ts";
import { Random, SEED } from "../support/random_bets.ts";

Deno.test(`removeReturns() agrees with replaceAll() (seed ${SEED})`, () => {
  const random = new Random(SEED);
  for (let round = 0; round < 20_000; round++) {
    const pieces = random.pick([["\r", "\n", "a"], ["\r\n", "abcdefg", "\r"]]);
    const text = Array.from(
      { length: random.below(20) },
      () => random.pick(pieces),
    ).join("");
    const start = random.below(5);
    const rest = "\n".repeat(random.below(3));
    const bytes = new TextEncoder().encode("\r".repeat(start) + text + rest);
    const end = removeReturns(bytes, start, start + text.length);
    const decoder = new TextDecoder();
    const found = decoder.decode(bytes.subarray(start, end));
    if (found !== text.replaceAll("\r\n", "\n")) fail(JSON.stringify(text));
    // What is beside the range is not touched.
    assertEquals(decoder.decode(bytes.subarray(0, start)), "\r".repeat(start));
    assertEquals(decoder.decode(bytes.subarray(start + text.length)), rest);
  }
});

Deno.test("isAscii() finds one byte anywhere", () => {
  for (let size = 0; size < 40; size++) {
    const bytes = new Uint8Array(size + 2).fill(0x7f);
    bytes[0] = bytes[size + 1] = 0x80;
    const range = bytes.subarray(1, size + 1);
    assertEquals(isAscii(range), true);
    for (let at = 0; at < size; at++) {
      range[at] = 0x80 + at;
      assertEquals(isAscii(range), false, `${at} of ${size}`);
      range[at] = 0;
    }
  }
});
