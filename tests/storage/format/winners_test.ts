import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  documentOfRow,
  isWinningRow,
} from "../../../storage/format/row_formatter.ts";

const WINNING_NUMBERS = ["7574", "07574", "007574", "0000007574"];
const LOSING_NUMBERS = [
  ...["17574", "75740", "107574", "1007574", "574", "74", "4", "0", "757"],
  ...[
    "8574",
    "7674",
    "7584",
    "7573",
    "7575",
    "75747574",
    "4294967295",
    "0000000000",
    "0000075740",
  ],
];
const NAMES = ["Ana", '"Gil, 7574"', '"7574"', "7574", '"x,7574"', '"a""b,"'];
const DOCUMENTS = ["30904465", "7574", "00007574", "1", "12345678901234567574"];
const ENCODER = new TextEncoder();

/** Possible rows of the store with a given number. */
function rowsWith(number: string): string[] {
  return NAMES.flatMap((name) =>
    DOCUMENTS.map((document) =>
      `7574,${name},${name},${document},1999-03-17,${number}`
    )
  );
}

/** True if a row wins, at any position among others. */
function wins(row: string, before = ""): boolean {
  const rows = ENCODER.encode(`${before}${row}`);
  return isWinningRow(rows, rows.length);
}

Deno.test("isWinningRow() finds the winning number with and without leading zeros", () => {
  for (const number of WINNING_NUMBERS) {
    for (const row of rowsWith(number)) {
      assert(wins(row), row);
      assert(wins(row, "1,A,B,7,1999-03-17,17574\n"), row);
    }
  }
});

Deno.test("isWinningRow() ignores other numbers, names and documents", () => {
  for (const number of LOSING_NUMBERS) {
    for (const row of rowsWith(number)) {
      assertFalse(wins(row), row);
      assertFalse(wins(row, "1,A,B,7,1999-03-17,7574\n"), row);
    }
  }
});

Deno.test("isWinningRow() does not read before the rows or after the end", () => {
  for (const text of ["", "7", "574", "7574", "0007574"]) {
    assertFalse(wins(text), text);
  }
  const rows = ENCODER.encode("1,A,B,7,1999-03-17,7574,0123:7574:7574:");
  assert(isWinningRow(rows, rows.indexOf(0x2c, 20)));
  assertFalse(isWinningRow(rows, rows.length));
});

Deno.test("documentOfRow() finds the document after quoted names", () => {
  for (const name of NAMES) {
    const row = ENCODER.encode(`1,${name},${name},0012,1999-03-17,7574`);
    assertEquals(documentOfRow(row), "0012", name);
  }
});
