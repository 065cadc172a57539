import { crc32 } from "node:zlib";
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertMatch,
} from "@std/assert";
import {
  madeAgency,
  MAX_AGENCIES,
  MAX_BETS,
  REAL_SIZES,
  shares,
  winnersOf,
} from "../../tools/data/made_bets.ts";

const ROW_REGEXP =
  /^\p{Lu}\p{Ll}+( \p{Lu}\p{Ll}+)?,\p{Lu}\p{Ll}+,[234]\d{7},\d{4}-\d\d-\d\d,[1-9]\d{0,3}$/u;

function text(
  agency: number,
  bets: number,
  options?: { winners?: number },
): string {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  // Each chunk is decoded alone, because it must have whole rows.
  return [...madeAgency(agency, bets, options)]
    .map((chunk) => decoder.decode(chunk)).join("");
}

function rows(
  agency: number,
  bets: number,
  options?: { winners?: number },
): string[] {
  const lines = text(agency, bets, options).split("\r\n");
  assertEquals(lines.pop(), "");
  return lines;
}

function winnersAt(lines: readonly string[]): number[] {
  return [...lines.keys()].filter((at) => lines[at]!.endsWith(",7574"));
}

Deno.test("madeAgency() makes the same bytes as ever", () => {
  let crc = 0;
  for (let agency = 1; agency <= 5; agency++) {
    for (const chunk of madeAgency(agency, 2000, { winners: 3 })) {
      crc = crc32(chunk, crc);
    }
  }
  assertEquals(crc, 0x2df983f6);
});

Deno.test("madeAgency() makes well formed rows in their ranges", () => {
  const lines = rows(1, 20_000, { winners: 2 });
  assertEquals(lines.length, 20_000);
  for (const line of lines) {
    assertMatch(line, ROW_REGEXP);
    const [, , document, birthdate] = line.split(",");
    assert(Number(document) >= 20_000_000 && Number(document) <= 40_000_000);
    const date = new Date(`${birthdate}T00:00:00Z`);
    assertEquals(date.toISOString().slice(0, 10), birthdate);
    const year = date.getUTCFullYear();
    assert(year >= 1960 && year <= 2005, birthdate);
  }
});

Deno.test("madeAgency() has the winning number only in its winners", () => {
  assertEquals(winnersAt(rows(1, 100_000)), []);
  assertEquals(winnersAt(rows(1, 100_000, { winners: 2 })), [25_000, 75_000]);
  assertEquals(winnersAt(rows(2, 100, { winners: 3 })), [16, 50, 83]);
});

Deno.test("madeAgency() has as many winners as fit", () => {
  for (let bets = 0; bets <= 6; bets++) {
    const lines = rows(1, bets, { winners: 3 });
    assertEquals(lines.length, bets);
    assertEquals(winnersAt(lines).length, Math.min(bets, 3));
  }
});

Deno.test("madeAgency() yields chunks of 32,000 bytes to 64 KiB, and keeps none", () => {
  const kept: Uint8Array[] = [];
  const copies: Uint8Array[] = [];
  for (const chunk of madeAgency(1, 10_000)) {
    assertLessOrEqual(chunk.length, 64 * 1024);
    kept.push(chunk);
    copies.push(chunk.slice());
  }
  assertEquals(kept, copies);
  for (const chunk of kept.slice(0, -1)) {
    assertGreaterOrEqual(chunk.length, 32_000);
  }
  assertEquals([...madeAgency(1, 0)], []);
});

Deno.test("winnersOf() returns 2 or 3 for each agency except the last", () => {
  const agencies = [1, 2, 3, 4, 5];
  assertEquals(agencies.map((one) => winnersOf(one, 5)), [2, 3, 3, 2, 0]);
  assertEquals(winnersOf(5, 6), 2);
  assertEquals(winnersOf(1, 1), 0);
});

Deno.test("shares() returns the real sizes for the real total", () => {
  assertEquals(shares(78_697, REAL_SIZES), REAL_SIZES);
});

Deno.test("shares() returns parts that add up to the total", () => {
  for (const agencies of [1, 2, 3, 5, 7, MAX_AGENCIES]) {
    for (const total of [0, 1, 2, 5, 99, 1000, 78_697, MAX_BETS]) {
      const parts = shares(total, Array<number>(agencies).fill(1));
      assertEquals(parts.length, agencies);
      assertEquals(parts.reduce((a, b) => a + b), total);
      assert(parts.every((part) => Number.isInteger(part) && part >= 0));
      assertLessOrEqual(Math.max(...parts) - Math.min(...parts), 1);
    }
  }
});
