import { assertEquals, assertStringIncludes, fail } from "@std/assert";
import { type Bet, packBets } from "../../bet/bet.ts";
import { findInvalidBet, type InvalidBet } from "../../bet/rules.ts";
import { BAD_FIELDS, DOCUMENT_RULE } from "../support/bad_fields.ts";
import { nearlyValidFields, Random, SEED } from "../support/random_bets.ts";

const BET: Bet = {
  firstName: "María Inés",
  lastName: "O'Higgins, hija",
  document: "30904465",
  birthdate: "1999-03-17",
  number: "7574",
};
const INVISIBLE_REGEXP =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\u200B\u2060-\u206F\uFEFF]/u;
const VALID: [keyof Bet, string[]][] = [
  ["firstName", [
    "x",
    " x ",
    "x".repeat(255),
    "\u{a0}x",
    "\u{200d}x",
    "😀",
    '"',
  ]],
  ["firstName", ["e\u0301", "عائشة", "O’Higgins", "👩‍👩‍👧", "\u{2027}", "\u{ff}"]],
  ["lastName", ["ñ", "~", "ñ\u{a0}", "=1+1", ",", ":", "ñ".repeat(127)]],
  ["document", ["0", "00000001", "9".repeat(20), "0".repeat(20)]],
  ["birthdate", ["0001-01-01", "9999-12-31", "2000-02-29", "2024-02-29"]],
  ["birthdate", ["2023-02-28", "1900-02-28", "2400-02-29", "2024-12-31"]],
  ["birthdate", ["2024-01-31", "2024-03-31", "2024-04-30", "2024-05-31"]],
  ["birthdate", ["2024-06-30", "2024-07-31", "2024-08-31", "2024-09-30"]],
  ["birthdate", ["2024-10-31", "2024-11-30"]],
  ["number", ["0", "7574", "4294967295", "0000000000", "0000007574"]],
];
function problemOf(fields: Partial<Bet>): InvalidBet | undefined {
  return findInvalidBet(packBets([{ ...BET, ...fields }]));
}

Deno.test("findInvalidBet() finds none among valid bets", () => {
  assertEquals(findInvalidBet(new Uint8Array(0)), undefined);
  for (const [key, texts] of VALID) {
    for (const text of texts) {
      assertEquals(problemOf({ [key]: text }), undefined, `${key} "${text}"`);
    }
  }
});

Deno.test("findInvalidBet() says which field breaks which rule", () => {
  for (const [key, rule, texts] of BAD_FIELDS) {
    for (const text of texts) {
      const { index, reason } = problemOf({ [key]: text })!;
      assertEquals(index, 0);
      // Never the value: it is private to the agency.
      assertEquals(
        reason.replace(/: it contains .+$/, ""),
        `Cannot take bet: ${key.replace("Name", " name")} ${rule}`,
      );
    }
  }
});

Deno.test("findInvalidBet() names an invalid character", () => {
  const cases: [Partial<Bet>, string][] = [
    [{ firstName: "Ana\ufeff" }, "U+FEFF"],
    [{ firstName: "Ana\u200b" }, "U+200B"],
    [{ lastName: "a\u0085" }, "U+0085"],
    [{ lastName: "\u2028\u2029" }, "U+2028"],
    [{ lastName: "a\tb" }, "U+0009"],
    [{ document: "30.904.465" }, '"."'],
    [{ document: "12😀" }, '"😀" (U+1F600)'],
    [{ document: "12\u0301" }, "U+0301"],
    [{ document: "12\u00a0" }, "U+00A0"],
    [{ number: "1 2" }, "a space"],
    [{ number: "0x1" }, '"x"'],
  ];
  for (const [fields, character] of cases) {
    const { reason } = problemOf(fields)!;
    assertEquals(reason.split(": it contains ")[1], character);
  }
  // The value has no invalid character.
  for (const document of ["1".repeat(21)]) {
    assertEquals(
      problemOf({ document })!.reason,
      `Cannot take bet: document ${DOCUMENT_RULE}`,
    );
  }
});

Deno.test("findInvalidBet() returns the index of the first invalid bet", () => {
  for (const [key, rule, [text]] of BAD_FIELDS) {
    const bad = { ...BET, [key]: text };
    for (let index = 0; index < 4; index++) {
      const bets = [BET, BET, BET, BET].with(index, bad);
      const problem = findInvalidBet(
        packBets([...bets, { ...bad, number: "" }]),
      );
      assertEquals(problem?.index, index);
      assertStringIncludes(problem!.reason, rule);
    }
  }
});

Deno.test("findInvalidBet() refuses names that are not UTF-8", () => {
  for (const hex of ["ff", "c3", "41c3", "c0af", "eda080", "f4908080", "80"]) {
    const bytes = Uint8Array.fromHex(hex);
    const [, lastName, ...others] = fieldsOf(BET);
    assertEquals(
      findInvalidBet(packFields([bytes, lastName!, ...others]))?.index,
      0,
      hex,
    );
    // The next length byte must not complete a character that is cut off.
    const next = new Uint8Array(0x91).fill(0x31);
    const reason = findInvalidBet(packFields([bytes, next, ...others]))?.reason;
    assertStringIncludes(reason!, "first name");
  }
});

Deno.test("findInvalidBet() agrees with the calendar on every day of five years", () => {
  for (const year of [1900, 1999, 2000, 2023, 2024]) {
    for (let month = 0; month <= 13; month++) {
      for (let day = 0; day <= 32; day++) {
        const birthdate = [year, twoDigits(month), twoDigits(day)].join("-");
        assertEquals(!problemOf({ birthdate }), isDay(birthdate), birthdate);
      }
    }
  }
});

Deno.test(`findInvalidBet() agrees with the rules on strings (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const found = { valid: 0, invalid: 0 };
  for (let round = 0; round < 4_000; round++) {
    const fields = nearlyValidFields(random);
    const isValid = isValidAsStrings(fields);
    if (!findInvalidBet(packFields(fields)) !== isValid) {
      fail(`${isValid}: ${fields.map((field) => field.toHex()).join(" ")}`);
    }
    found[isValid ? "valid" : "invalid"]++;
  }
  // Otherwise the comparison would prove little.
  assertEquals(found.valid > 500 && found.invalid > 500, true);
});

function fieldsOf(bet: Bet): Uint8Array[] {
  return Object.values(bet).map((text) => new TextEncoder().encode(text));
}

function packFields(fields: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(fields.flatMap((field) => [field.length, ...field]));
}

/** The rules of docs/protocol.md again, as simple as possible. */
function isValidAsStrings(fields: readonly Uint8Array[]): boolean {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let texts: string[];
  try {
    texts = fields.map((field) => decoder.decode(field));
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
  const [firstName, lastName, document, birthdate, number] = texts;
  return [firstName, lastName].every((name) =>
    !INVISIBLE_REGEXP.test(name!) && !/^[\p{Zs}\p{Join_Control}]*$/u.test(name!)
  ) &&
    /^[0-9]{1,20}$/.test(document!) && isDay(birthdate!) &&
    /^[0-9]{1,10}$/.test(number!) && BigInt(number!) < 2n ** 32n;
}

function isDay(text: string): boolean {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text)) return false;
  if (text.startsWith("0000")) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}
