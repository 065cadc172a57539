import { assertEquals } from "@std/assert";
import { adviceFor } from "../../bet/advice.ts";
import { type Bet, packBets } from "../../bet/bet.ts";

const BET: Bet = {
  firstName: "Ana",
  lastName: "Gil",
  document: "30904465",
  birthdate: "1999-03-17",
  number: "7574",
};

function advice(fields: Partial<Bet>): string | undefined {
  const packed = packBets([BET, { ...BET, ...fields }]);
  return adviceFor(packed, packBets([BET]).length);
}

const CORRECTIONS: [keyof Bet, string, values: string[]][] = [
  ["birthdate", "1999-03-17", ["17/03/1999", "17-3-1999", "17.03.1999"]],
  ["birthdate", "1999-03-17", ["1999/03/17", "1999.3.17", "19990317"]],
  ["birthdate", "1999-03-17", ["1999-03-17 ", "1999-3-17", "\u00a01999-03-17"]],
  ["birthdate", "1999-03-17", ["1999-03-17T00:00:00", "17/03/1999 0:00"]],
  ["birthdate", "1999-03-17", ["03/17/1999"]],
  ["birthdate", "1999-04-03", ["03/04/1999", "3 4 1999"]],
  ["birthdate", "2000-02-29", ["29/02/2000", "36585"]],
  ["document", "30904465", [
    "30.904.465",
    "30 904 465",
    " 30904465",
    "30904465,0",
  ]],
  ["number", "7574", ["7.574", "7,574", "7574.00", "7574 ", "\t7574"]],
];

Deno.test("adviceFor() says what was meant", () => {
  for (const [key, correct, values] of CORRECTIONS) {
    for (const value of values) {
      assertEquals(advice({ [key]: value }), `write it ${correct}`, value);
    }
  }
  // Only of the first invalid field.
  assertEquals(
    advice({ document: "3.456", birthdate: "17/03/1999" }),
    "write it 3456",
  );
});

Deno.test("adviceFor() says nothing if the value does not show it", () => {
  assertEquals(advice({}), undefined);
  const unclear: [keyof Bet, string[]][] = [
    ["firstName", ["", " ", "Ana\ufeff"]],
    ["document", ["", "x", "30.904.46", "30904465A", "1".repeat(21), "-1"]],
    ["birthdate", ["", "31/02/1999", "17/03/99", "17/17/1999", "1999-02-29"]],
    ["birthdate", ["1/2", "x", "19990230", "17/03/19999", "0/0/0000"]],
    ["number", ["", "4294967296", "4.294.967.296", "7,5", "75x74"]],
  ];
  for (const [key, values] of unclear) {
    for (const value of values) {
      assertEquals(advice({ [key]: value }), undefined, `${key} "${value}"`);
    }
  }
  // It would hide the fault of the name.
  assertEquals(advice({ firstName: "", birthdate: "17/03/1999" }), undefined);
});
