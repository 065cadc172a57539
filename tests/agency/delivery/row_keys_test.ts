import { assertEquals } from "@std/assert";
import {
  keysOf,
  numberAtEnd,
  numberIn,
  refusedRowKey,
} from "../../../agency/source/row_keys.ts";

const ROW = "Ana Sofía,Núñez,30904465,1999-03-17,7574";

/** Refused rows, other rows, and whether these may be corrections of them. */
const ROWS: [refused: string, row: string, isSame: boolean][] = [
  ["Ana Sofía,Núñez,30904465,17/03/1999,7574", ROW, true],
  ["Ana Sofía;;30.904.465;17/03/1999; 07574", ROW, true],
  ["ana sofía,NÚÑEZ,x,1999-03-17,7574", ROW, true],
  ['"Ana Sofía",Núñez,30904465,1999-03-17,4294967296', ROW, true],
  ["Ana Sofía,Núñez,30904465,1999-03-17,", ROW, true],
  // The same person on another day.
  ["Ana Sofía,Núñez,30904465,17/03/1999,15", ROW, false],
  ["Ana Sofía,Núñez,x,1999-03-17,15", ROW, false],
  ["Ana Sofía,Núñez,30904466,17/03/1999,7574", ROW, false],
  // Unreadable rows.
  ["Ana Sofía,Núñez,x,17/03/1999,7574", ROW, false],
  ["Ana Sofía,Núñez,30904465", ROW, false],
  ['"Ana Sofía,Núñez,30904465,1999-03-17,7574', ROW, false],
];

for (const [refused, row, isSame] of ROWS) {
  Deno.test(`refusedRowKey() ${isSame ? "recognizes" : "does not recognize"} ${refused}`, () => {
    const key = refusedRowKey(bytes(refused));
    assertEquals(key !== undefined && keysOf(bytes(row)).includes(key), isSame);
  });
}

Deno.test("numberAtEnd() returns the number in a row's first key", () => {
  for (const end of ["7574", " 7.574", '"07574"', "7574 ", "0", "4294967295"]) {
    const row = bytes(`Ana,Gil,30904465,1999-03-17,${end}`);
    assertEquals(numberAtEnd(row), numberIn(refusedRowKey(row)!), end);
  }
});

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
