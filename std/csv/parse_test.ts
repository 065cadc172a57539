import {
  assertEquals,
  AssertionError,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { parse, type ParseOptions } from "@std/csv";

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

const OPTIONS: [
  name: string,
  input: string,
  options: ParseOptions,
  result: unknown,
][] = [
  ["separator", 'a;"b;c";d,e', { separator: ";" }, [["a", "b;c", "d,e"]]],
  ["a tab as separator", "a\tb c", { separator: "\t" }, [["a", "b c"]]],
  ["comment", "#a\nb,#c\n#\n", { comment: "#" }, [["b", "#c"]]],
  [
    "trimLeadingSpace",
    ' a, b c ,\t"d"',
    { trimLeadingSpace: true },
    [["a", "b c ", "d"]],
  ],
  ["lazyQuotes in a plain field", 'a "b",c"', { lazyQuotes: true }, [[
    'a "b"',
    'c"',
  ]]],
  ["lazyQuotes in a quoted field", '"a "b" c",d', { lazyQuotes: true }, [[
    'a "b" c',
    "d",
  ]]],
  ["fieldsPerRecord", "a,b\nc,d", { fieldsPerRecord: 2 }, [["a", "b"], [
    "c",
    "d",
  ]]],
  ["fieldsPerRecord < 0", "a\nb,c", { fieldsPerRecord: -1 }, [["a"], [
    "b",
    "c",
  ]]],
  ["fieldsPerRecord = 0", "a,b\nc,d", { fieldsPerRecord: 0 }, [["a", "b"], [
    "c",
    "d",
  ]]],
  ["skipFirstRow", "x,y\na,b", { skipFirstRow: true }, [{ x: "a", y: "b" }]],
  ["skipFirstRow, no rows", "x,y", { skipFirstRow: true }, []],
  ["columns", "a,b\nc,d", { columns: ["x", "y"] }, [
    { x: "a", y: "b" },
    { x: "c", y: "d" },
  ]],
  [
    "columns instead of the first row",
    "a,b\nc,d",
    { columns: ["x", "y"], skipFirstRow: true },
    [{ x: "c", y: "d" }],
  ],
];

for (const [name, input, options, result] of OPTIONS) {
  Deno.test(`parse() obeys ${name}`, () => {
    assertEquals<unknown>(parse(input, options), result);
  });
}

const BARE = 'bare " in non-quoted-field';
const MISSING = 'extraneous or missing " in quoted-field';
const ERRORS: [
  name: string,
  input: string,
  options: ParseOptions,
  errorClass: ErrorConstructor,
  message: string,
][] = [
  [
    "a quote in a plain field",
    'a,b"c',
    {},
    SyntaxError,
    `Syntax error on line 1; parse error on line 1, column 4: ${BARE}`,
  ],
  [
    "a quote after a character of two code units",
    '😀"',
    {},
    SyntaxError,
    `Syntax error on line 1; parse error on line 1, column 2: ${BARE}`,
  ],
  [
    "text after a quoted field",
    'a\n"b\nc"d,e',
    {},
    SyntaxError,
    `Syntax error on line 2; parse error on line 3, column 2: ${MISSING}`,
  ],
  ["an unclosed quote", 'a,"b', {}, SyntaxError, MISSING],
  ["an unclosed quote in a later line", '"a\nb,c', {}, SyntaxError, MISSING],
  [
    "fields that are missing",
    "a,b\nc",
    { fieldsPerRecord: 2 },
    SyntaxError,
    "Syntax error on line 2: expected 2 fields but got 1",
  ],
  [
    "fields that the first record has not",
    "a\nb,c",
    { fieldsPerRecord: 0 },
    SyntaxError,
    "Syntax error on line 2: expected 1 fields but got 2",
  ],
  [
    "fields without a column",
    "a,b\nc,d,e",
    { columns: ["x", "y"] },
    Error,
    "Syntax error on line 2: The record has 3 fields, but the header has 2 fields",
  ],
  [
    "fields without a header",
    "x,y\na",
    { skipFirstRow: true },
    Error,
    "Syntax error on line 2: The record has 1 fields, but the header has 2 fields",
  ],
  [
    "a missing header",
    "",
    { skipFirstRow: true },
    TypeError,
    "Cannot parse input: headers must be defined",
  ],
  ...([
    { separator: '"' },
    { separator: "\n" },
    { separator: "\r" },
    { comment: '"' },
    { comment: "\n" },
    { separator: "#", comment: "#" },
  ] satisfies ParseOptions[]).map((options) =>
    [
      `the options ${JSON.stringify(options)}`,
      "a",
      options,
      Error,
      "Cannot parse input: invalid delimiter",
    ] as [string, string, ParseOptions, ErrorConstructor, string]
  ),
];

for (const [name, input, options, errorClass, message] of ERRORS) {
  Deno.test(`parse() refuses ${name}`, () => {
    const error = assertThrows(() => parse(input, options), errorClass);
    assertStrictEquals(error.constructor, errorClass);
    assertEquals(error.message.slice(-message.length), message);
  });
}

Deno.test("parse() knows its result's type", () => {
  const arrays: string[][] = parse("a;b", { separator: ";" });
  const [named] = parse("a,b", { columns: ["x", "y"] });
  const [listed] = parse("x\na", { skipFirstRow: true });
  if (named === undefined) throw new AssertionError("No record was read.");
  const field: string = named.x;
  const maybe: string | undefined = listed?.["x"];
  assertEquals([arrays, field, maybe], [[["a", "b"]], "a", "a"]);
});
