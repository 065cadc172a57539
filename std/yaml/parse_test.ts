import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { parse } from "@std/yaml";

const VALUES: [text: string, value: unknown][] = [
  ["", null],
  ["# only a comment\n", null],
  ["---\n", null],
  ["~", null],
  ["Null", null],
  ["key:", { key: null }],
  ["true", true],
  ["True", true],
  ["FALSE", false],
  ...["yes", "no", "on", "off", "a:b", "08", "0o17"].map(
    (text): [string, unknown] => [text, text],
  ),
  ["12345", 12345],
  ["-7", -7],
  ["0", 0],
  ["017", 15],
  ["1_000", 1000],
  ["0x1F", 31],
  ["0b10", 2],
  ["1.5", 1.5],
  [".inf", Infinity],
  [".nan", NaN],
  ['"017"', "017"],
  ["2020-01-02", new Date("2020-01-02T00:00:00Z")],
  ["a: b c # comment", { a: "b c" }],
  ["a: 'it''s'\nb: \"x\\n\"", { a: "it's", b: "x\n" }],
  ["a:\n  b: [1, two]\n  c:\n    - 3\n    - {d: 4}", {
    a: { b: [1, "two"], c: [3, { d: 4 }] },
  }],
  ["a: |\n  b\n  c\n", { a: "b\nc\n" }],
  ["a: >\n  b\n  c\n", { a: "b c\n" }],
  ["a: &x [1]\nb: *x", { a: [1], b: [1] }],
];

for (const [text, value] of VALUES) {
  Deno.test(`parse() reads ${JSON.stringify(text)}`, () => {
    assertEquals(parse(text), value);
  });
}

Deno.test("parse() makes __proto__ a property like others", () => {
  const value = parse("__proto__: {evil: true}");
  assert(value instanceof Object);
  assertEquals(Object.keys(value), ["__proto__"]);
  assertEquals(Object.getPrototypeOf(value), Object.prototype);
});

const ERRORS: [name: string, text: string][] = [
  ["a duplicate key", "a: 1\na: 2"],
  ["an unclosed quote", 'a: "b'],
  ["an unclosed list", "a: [1, 2"],
  ["an unknown tag", "a: !unknown 1"],
  ["an unknown alias", "a: *b"],
];

for (const [name, text] of ERRORS) {
  Deno.test(`parse() refuses ${name}`, () => {
    const { message } = assertThrows(() => parse(text), SyntaxError);
    assertMatch(message, /^\S.* at line \d+, column \d+/);
  });
}

Deno.test("parse() says where the error is", () => {
  const text = "a: 1\n  b: 2\nc: 3";
  const { message } = assertThrows(() => parse(text), SyntaxError);
  assertStringIncludes(message, " at line 2, column 4:\n      b: 2\n       ^");
});

Deno.test("parse() refuses two documents", () => {
  assertThrows(() => parse("a: 1\n---\nb: 2"), SyntaxError);
});
