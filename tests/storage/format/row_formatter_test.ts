import { assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "@std/csv";
import { crc32 } from "node:zlib";
import type { Batch, Bet } from "../../../bet/bet.ts";
import { RowFormatter } from "../../../storage/format/row_formatter.ts";
import { betRanges, type IndexRange } from "../../../storage/index_ranges.ts";
import { batchOf, FINGERPRINT, GAP } from "../../support/batches.ts";
import { Random, randomBets, SEED } from "../../support/random_bets.ts";

const BET: Bet = {
  firstName: "Ana",
  lastName: "Gil",
  document: "00904465",
  birthdate: "1999-03-17",
  number: "2201",
};

/** Written by hand from docs/storage.md, the CRC by an independent program. */
const EXAMPLE = "4294967295,Ana,Gil,00904465,1999-03-17,2201\n" +
  '4294967295,"Ñata, ""la""",Gil,00904465,1999-03-17,0,' +
  "0123456789abcdef:1350:2:77:defa4bf5\n";

/** The rows of a batch, with its mark. */
function rowsOf(
  batch: Batch,
  { ranges = betRanges(batch), write = 0, formatter = new RowFormatter() } = {},
): string {
  const { bytes } = formatter.format(batch, ranges, write);
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

Deno.test("RowFormatter.format() writes the exact rows and mark", () => {
  const bets = [BET, { ...BET, firstName: 'Ñata, "la"', number: "0" }];
  const batch = batchOf(bets, 1350, { agency: 4294967295 });
  assertEquals(rowsOf(batch, { write: 77 }), EXAMPLE);
});

Deno.test("RowFormatter.format() quotes a field only if needed", () => {
  const table: [string, string][] = [
    ["Ana", "Ana"],
    [" Ana ", " Ana "],
    ["O'Higgins; hija", "O'Higgins; hija"],
    ["=1+1", "=1+1"],
    ["a:b", "a:b"],
    // Lengths equal to the codes of a quote and of a comma.
    ["a".repeat(0x22), "a".repeat(0x22)],
    ["ñ".repeat(0x16), "ñ".repeat(0x16)],
    ["Gil, Ana", '"Gil, Ana"'],
    [",", '","'],
    ['"', '""""'],
    ['""', '""""""'],
    ['a"b', '"a""b"'],
    ['"a,b"', '"""a,b"""'],
  ];
  for (const [name, field] of table) {
    const text = rowsOf(batchOf([{ ...BET, firstName: name, lastName: name }]));
    assertStringIncludes(
      `\n${text}`,
      `\n1,${field},${field},00904465,1999-03-17,2201,`,
    );
  }
});

Deno.test("RowFormatter.format() leaves out gaps and what is not asked for", () => {
  const batch = batchOf([BET, GAP, GAP, BET, BET, GAP], 7);
  const row = "1,Ana,Gil,00904465,1999-03-17,2201";
  const table: [IndexRange[], number, string][] = [
    [betRanges(batch), 3, "7:1.2.2"],
    [[{ start: 10, end: 12 }], 2, "10:2"],
    [[{ start: 7, end: 8 }, { start: 11, end: 12 }], 2, "7:1.3.1"],
  ];
  for (const [ranges, rows, mark] of table) {
    const text = rowsOf(batch, { ranges });
    const start = Array(rows).fill(row).join("\n") +
      `,${FINGERPRINT}:${mark}:0:`;
    assertEquals(text.slice(0, -"12345678\n".length), start);
  }
});

Deno.test("RowFormatter.format() has room for rows that consist of quotes", () => {
  const name = '"'.repeat(255);
  const bet = {
    firstName: name,
    lastName: name,
    document: "9".repeat(20),
    birthdate: "9999-12-31",
    number: "4294967295",
  };
  const origin = { agency: 2 ** 32 - 1 };
  const formatter = new RowFormatter();
  // The large one is far larger than the rows of any frame.
  for (const count of [8, 1_200, 8]) {
    const batch = batchOf(Array(count).fill(bet), 2 ** 32 - 1, origin);
    const rows = parse(rowsOf(batch, { formatter }));
    assertEquals(rows.length, count);
    for (const row of rows) assertEquals(row.slice(1, 6), Object.values(bet));
  }
});

Deno.test(`RowFormatter's rows are read back by a CSV reader (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const formatter = new RowFormatter();
  for (let round = 0; round < 100; round++) {
    const bets = randomBets(random, 1 + random.below(12));
    const agency = 1 + random.below(2 ** 32 - 1);
    const betIndex = random.below(2 ** 32);
    const batch = batchOf(bets, betIndex, { agency });
    const write = random.below(2 ** 40);
    const text = rowsOf(batch, { write, formatter });
    const checked = text.slice(0, -"12345678\n".length);
    const crc = crc32(checked).toString(16).padStart(8, "0");
    const expected = bets.map((bet) => [String(agency), ...Object.values(bet)]);
    const { length } = bets;
    expected.at(-1)!.push(
      `${FINGERPRINT}:${betIndex}:${length}:${write}:${crc}`,
    );
    assertEquals(parse(text), expected);
  }
});
