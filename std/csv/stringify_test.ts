import { assertEquals, assertThrows } from "@std/assert";
import {
  type DataItem,
  parse,
  stringify,
  type StringifyOptions,
} from "@std/csv";

const FIELDS: [name: string, value: unknown, text: string][] = [
  ["a text", "a b", "a b"],
  ["a separator", "a,b", '"a,b"'],
  ["a quote", 'a"b', '"a""b"'],
  ["a newline", "a\nb", '"a\nb"'],
  ["a CRLF", "a\r\nb", '"a\r\nb"'],
  ["a number", 1.5, "1.5"],
  ["a bigint", 7n, "7"],
  ["a boolean", false, "false"],
  ["null", null, ""],
  ["undefined", undefined, ""],
  ["an object", { a: "b" }, '"{""a"":""b""}"'],
  ["an array", [1, 2], '"[1,2]"'],
];

for (const [name, value, text] of FIELDS) {
  Deno.test(`stringify() writes ${name}`, () => {
    const options = { headers: false };
    assertEquals(stringify([["x", value]], options), `x,${text}\r\n`);
  });
}

const PEOPLE = [
  { name: "Ana", bet: { number: 7 } },
  { name: "Ben", bet: { number: 8 } },
];

const OPTIONS: [
  name: string,
  data: readonly DataItem[],
  options: StringifyOptions,
  text: string,
][] = [
  ["no rows", [], { headers: false }, ""],
  ["rows", [[1, 2], [3, 4]], { headers: false }, "1,2\r\n3,4\r\n"],
  [
    "separator",
    [["a,b", "c;d"]],
    { headers: false, separator: ";" },
    'a,b;"c;d"\r\n',
  ],
  ["bom", [["a"]], { headers: false, bom: true }, "\uFEFFa\r\n"],
  [
    "columns by index",
    [["a", "b", "c"]],
    { columns: [2, 0] },
    "2,0\r\nc,a\r\n",
  ],
  ["columns by key", PEOPLE, { columns: ["name"] }, "name\r\nAna\r\nBen\r\n"],
  [
    "columns by path",
    PEOPLE,
    { columns: [["bet", "number"]] },
    "number\r\n7\r\n8\r\n",
  ],
  [
    "columns with a name",
    PEOPLE,
    { columns: [{ header: "Bet", prop: ["bet", "number"] }, { prop: "name" }] },
    "Bet,name\r\n7,Ana\r\n8,Ben\r\n",
  ],
  ["headers", PEOPLE, { columns: ["name"], headers: false }, "Ana\r\nBen\r\n"],
  ["headers without rows", [], { columns: ["a", "b"] }, "a,b\r\n"],
];

for (const [name, data, options, text] of OPTIONS) {
  Deno.test(`stringify() obeys ${name}`, () => {
    assertEquals(stringify(data, options), text);
  });
}

Deno.test("stringify() writes what parse() reads", () => {
  const rows = [['a "b"', "c,d", "e\nf"], ["", "ñ", "😀"]];
  assertEquals(parse(stringify(rows, { headers: false })), rows);
});

Deno.test("stringify() refuses a separator that would not be found", () => {
  for (const separator of ['"', "\r\n"]) {
    assertThrows(() => stringify([["a"]], { separator }), TypeError);
  }
});

Deno.test("stringify() refuses a name where an index belongs", () => {
  assertThrows(() => stringify([["a"]], { columns: ["a"] }), TypeError);
});
