import { assertEquals, assertThrows } from "@std/assert";
import { parse } from "@std/csv";

const RECORDS: [name: string, input: string, records: string[][]][] = [
  ["no record", "", []],
  ["one field", "a", [["a"]]],
  ["fields", "a,b,c", [["a", "b", "c"]]],
  ["records", "a,b\nc,d\n", [["a", "b"], ["c", "d"]]],
  ["records of different lengths", "a\nb,c", [["a"], ["b", "c"]]],
  ["CRLF", "a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]],
  ["a lone CR as data", "a\rb,c\n", [["a\rb", "c"]]],
  ["a CR at the end", "a,b\r", [["a", "b"]]],
  ["empty lines", "\n\na\n\r\n\nb\n\n", [["a"], ["b"]]],
  ["empty fields", ",a,\n,", [["", "a", ""], ["", ""]]],
  ["spaces", " a , b ", [[" a ", " b "]]],
  ["quoted fields", '"a","b"', [["a", "b"]]],
  ["an empty quoted field", '"",a,""', [["", "a", ""]]],
  ["quoted separators", '"a,b",c', [["a,b", "c"]]],
  ["doubled quotes", '"a ""b"" c",""""', [['a "b" c', '"']]],
  ["quoted newlines", '"a\nb",c\nd,e', [["a\nb", "c"], ["d", "e"]]],
  ["a quoted CRLF", '"a\r\nb",c\r\n', [["a\nb", "c"]]],
  ["quoted empty lines", '"a\n\nb"', [["a\n\nb"]]],
  ["an empty field after a quoted one", '"a",', [["a", ""]]],
  ["a byte order mark", '\uFEFF"a",b', [["a", "b"]]],
  ["other alphabets", "ñ,😀,\u65e5", [["ñ", "😀", "\u65e5"]]],
  ["what looks like a comment", "#a,b", [["#a", "b"]]],
];

for (const [name, input, records] of RECORDS) {
  Deno.test(`parse() reads ${name}`, () => assertEquals(parse(input), records));
}

Deno.test("parse() splits at another separator", () => {
  assertEquals(parse('a;"b;c";d,e\n;', { separator: ";" }), [
    ["a", "b;c", "d,e"],
    ["", ""],
  ]);
  assertEquals(parse('a\t"b\tc"', { separator: "\t" }), [["a", "b\tc"]]);
});

Deno.test("parse() refuses a separator that is no separator", () => {
  for (const separator of ['"', "\n", "\r"]) {
    assertThrows(
      () => parse("a", { separator }),
      Error,
      "Cannot parse input: invalid delimiter",
    );
  }
});

const BARE = 'bare " in non-quoted-field';
const MISSING = 'extraneous or missing " in quoted-field';
const ERRORS: [name: string, input: string, message: string][] = [
  [
    "a quote in a plain field",
    'a,b"c',
    `Syntax error on line 1; parse error on line 1, column 4: ${BARE}`,
  ],
  [
    "a quote after a character of two code units",
    '😀"',
    `Syntax error on line 1; parse error on line 1, column 2: ${BARE}`,
  ],
  [
    "text after a quoted field",
    'a\n"b\nc"d,e',
    `Syntax error on line 2; parse error on line 3, column 2: ${MISSING}`,
  ],
  [
    "an unclosed quote",
    'a,"b',
    `Syntax error on line 1; parse error on line 2, column 1: ${MISSING}`,
  ],
  [
    "an unclosed quote in a later line",
    '"a\nb,c',
    `Syntax error on line 1; parse error on line 3, column 1: ${MISSING}`,
  ],
  [
    "an unclosed quote at the very end",
    'a,"',
    `Syntax error on line 1; parse error on line 1, column 4: ${MISSING}`,
  ],
];

for (const [name, input, message] of ERRORS) {
  Deno.test(`parse() refuses ${name}`, () => {
    const error = assertThrows(() => parse(input), SyntaxError);
    assertEquals(error.message.slice(-message.length), message);
  });
}
