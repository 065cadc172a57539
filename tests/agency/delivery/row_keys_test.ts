import { assertEquals } from "@std/assert";
import {
  areMostlyOf,
  keyOf,
  MAX_KEYS,
} from "../../../agency/delivery/row_keys.ts";

const BAD = "Ana Sofía,Núñez,30904465,17/03/1999,7574";

/** Rows, and whether each is a refused one, corrected or not. */
const ROWS: [refused: string, row: string, isSame: boolean][] = [
  [BAD, BAD, true],
  [BAD, "Ana Sofía,Núñez,30904465,1999-03-17,7574", true],
  [BAD, 'ana sofía,"NÚÑEZ",30904465,1999-03-17,15', true],
  [BAD, "Ana Sofía;Núñez;30.904.465;1999-03-17;7574", true],
  ["A,B,x,1999-03-17,7574", "A,B,1,1999-03-17,7574", true],
  ["A,B,30904465,1999,3,17,7574", "A,B,30904465,1999-03-17,7574", true],
  ["A,B,30904465", "A,B,30904465,1999-03-17,7574", true],
  [BAD, "Ana Sofía,Núñez,30904466,1999-03-17,7574", false],
  [BAD, "Eva,Núñez,28111222,17/03/1999,7574", false],
  [BAD, "Eva,Paz,30904465,1999-03-18,7574", false],
  ["A,B", "A,B,1,1999-03-17,7574", false],
];

Deno.test("areMostlyOf() knows a refused row and its correction", () => {
  for (const [refused, row, isSame] of ROWS) {
    assertEquals(areMostlyOf(keys(row), keys(refused)), isSame, row);
  }
});

Deno.test("areMostlyOf() knows the rows of a copy among a few others", () => {
  const refused = many(10);
  assertEquals(areMostlyOf(keys(...refused), keys(...refused)), true);
  assertEquals(
    areMostlyOf(keys(...refused.slice(3, 5)), keys(...refused)),
    true,
  );
  const half = [...refused.slice(5), ...many(5, 100)];
  assertEquals(areMostlyOf(keys(...half), keys(...refused)), false);
  const more = [...refused, ...many(1, 100)];
  assertEquals(areMostlyOf(keys(...more), keys(...refused)), false);
  // Only the first rows of a large copy are known.
  const first = keys(...many(MAX_KEYS));
  assertEquals(areMostlyOf(keys(...many(MAX_KEYS + 1)), first), true);
});

function many(count: number, from = 0): string[] {
  return Array.from(
    { length: count },
    (_, i) => `Ana,Gil,${30000000 + from + i},17/03/1999,${from + i}`,
  );
}

function keys(...rows: string[]): string[] {
  return rows.map((row) => keyOf(new TextEncoder().encode(row)));
}
