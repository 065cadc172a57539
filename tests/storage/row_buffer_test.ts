import { assertEquals, assertGreater, assertThrows } from "@std/assert";
import { InvariantError } from "../../program/errors.ts";
import { parse } from "@std/csv";
import { crc32 } from "node:zlib";
import type { Bet } from "../../bet/bet.ts";
import { RowBuffer } from "../../storage/row_buffer.ts";
import { batchOf, FINGERPRINT, numberedBatch } from "../support/batches.ts";
import { Random, randomBets, SEED } from "../support/random_bets.ts";

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
  "0123456789abcdef:1350:2:ad01b4ed\n";

function textOf(buffer: RowBuffer): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(buffer.rows);
}

function rowsOf(bets: readonly Bet[]): RowBuffer {
  const buffer = new RowBuffer();
  buffer.addBatch(batchOf(bets));
  return buffer;
}

Deno.test("RowBuffer.addBatch() writes the exact rows and mark", () => {
  const buffer = new RowBuffer();
  const bets = [BET, { ...BET, firstName: 'Ñata, "la"', number: "0" }];
  buffer.addBatch(batchOf(bets, 1350, { agency: 4294967295 }));
  assertEquals(textOf(buffer), EXAMPLE);
});

Deno.test("RowBuffer.addBatch() quotes a field only if needed", () => {
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
    const rows = rowsOf([{ ...BET, firstName: name, lastName: name }]);
    assertEquals(
      textOf(rows).startsWith(`1,${field},${field},00904465,1999-03-17,2201,`),
      true,
      textOf(rows),
    );
  }
});

Deno.test("RowBuffer.addBatch() puts batches one after the other, each with its mark", () => {
  const buffer = new RowBuffer();
  buffer.addBatch(numberedBatch(0, 2));
  const first = textOf(buffer);
  buffer.addBatch(numberedBatch(7, 1, { agency: 2 }));
  const both = textOf(buffer);
  assertEquals(both.startsWith(first), true);
  const alone = new RowBuffer();
  alone.addBatch(numberedBatch(7, 1, { agency: 2 }));
  assertEquals(both.slice(first.length), textOf(alone));
});

Deno.test("RowBuffer.addBatch() returns the documents of the winning bets", () => {
  const numbers = ["7574", "757", "07574", "17574", "75740", "0000007574", "0"];
  const bets = numbers.map((number, index) => ({
    ...BET,
    firstName: '7574,"',
    document: `00${index}`,
    number,
  }));
  assertEquals(new RowBuffer().addBatch(batchOf(bets)), ["000", "002", "005"]);
  assertEquals(new RowBuffer().addBatch(batchOf([BET])), []);
});

Deno.test("RowBuffer.addBatch() has room for rows that consist of quotes", () => {
  const name = '"'.repeat(255);
  const bet = {
    firstName: name,
    lastName: name,
    document: "9".repeat(20),
    birthdate: "9999-12-31",
    number: "4294967295",
  };
  const batch = batchOf(Array(8).fill(bet), 2 ** 32 - 1, {
    agency: 2 ** 32 - 1,
  });
  const buffer = new RowBuffer();
  // So large that the buffer has to grow several times.
  for (let round = 0; round < 150; round++) buffer.addBatch(batch);
  const rows = parse(textOf(buffer));
  assertEquals(rows.length, 1_200);
  for (const row of rows) assertEquals(row.slice(1, 6), Object.values(bet));
});

Deno.test("RowBuffer keeps its content when it grows past 1 MiB", () => {
  const buffer = new RowBuffer();
  let expected = "";
  for (let betIndex = 0; expected.length < 3_000_000; betIndex += 500) {
    const batch = numberedBatch(betIndex, 500);
    const alone = new RowBuffer();
    alone.addBatch(batch);
    expected += textOf(alone);
    buffer.addBatch(batch);
  }
  assertEquals(textOf(buffer) === expected, true);
});

Deno.test("RowBuffer.clear() lets the buffer be used again, large or small", () => {
  const buffer = new RowBuffer();
  for (const batches of [1, 60, 1]) {
    for (let index = 0; index < batches; index++) {
      buffer.addBatch(numberedBatch(500 * index, 500));
    }
    if (batches > 1) assertGreater(buffer.rows.length, 1 << 20);
    buffer.clear();
    assertEquals(buffer.rows.length, 0);
    assertEquals(buffer.addBatch(batchOf([BET])), []);
    assertEquals(textOf(buffer), textOf(rowsOf([BET])));
    buffer.clear();
  }
});

Deno.test(`RowBuffer's rows are read back by a CSV reader (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const buffer = new RowBuffer();
  for (let round = 0; round < 100; round++) {
    const bets = randomBets(random, 1 + random.below(12));
    const agency = 1 + random.below(2 ** 32 - 1);
    const betIndex = random.below(2 ** 32);
    buffer.clear();
    buffer.addBatch(batchOf(bets, betIndex, { agency }));
    const text = textOf(buffer);
    const checked = text.slice(0, -"12345678\n".length);
    const crc = crc32(checked).toString(16).padStart(8, "0");
    const expected = bets.map((bet) => [String(agency), ...Object.values(bet)]);
    expected.at(-1)!.push(`${FINGERPRINT}:${betIndex}:${bets.length}:${crc}`);
    assertEquals(parse(text), expected);
  }
});

Deno.test("RowBuffer.truncate() keeps at most the content", () => {
  const rows = new RowBuffer();
  rows.addBatch(batchOf([BET]));
  const { length } = rows;
  const first = textOf(rows);
  rows.addBatch(batchOf([BET], 1));
  rows.truncate(length);
  assertEquals(textOf(rows), first);
  assertThrows(
    () => rows.truncate(length + 1),
    InvariantError,
    `${length + 1} bytes are there`,
  );
});
