import { assertEquals, assertMatch } from "@std/assert";
import { testInFolder as test } from "../support/folder.ts";
import { contentOf } from "../support/fingerprint.ts";
import { concat } from "../support/frames.ts";
import { type ReadRecord, recordsOf } from "../support/records.ts";

const ANA = ["Ana", "Gil", "30904465", "1999-03-17", "7574"];
const LEO = ["Leo", "Núñez", "1", "2000-02-29", "1"];
const ANA_LINE = ANA.join(",");
const LEO_LINE = LEO.join(",");
const UTF8 = new TextEncoder();

/** The same two bets in many notations, and the line of the second bet. */
const SPELLINGS: Record<string, [string, number]> = {
  "LF": [`${ANA_LINE}\n${LEO_LINE}\n`, 2],
  "no last line end": [`${ANA_LINE}\r\n${LEO_LINE}`, 2],
  "empty lines between": [`\n\r\n${ANA_LINE}\r\n\r\n\n${LEO_LINE}`, 6],
  "quotes": [`"${ANA.join('","')}"\r\n${LEO_LINE}\r\n`, 2],
  "a mark and quotes": [
    `\ufeff"Ana",${ANA.slice(1)}\n"${LEO[0]}",${LEO.slice(1)}`,
    2,
  ],
};

for (const [what, [text, line]] of Object.entries(SPELLINGS)) {
  test(`peek() reads a file with ${what}`, async (dir) => {
    const records = await recordsOf(dir, text);
    assertEquals(records.map(({ fields }) => fields), [ANA, LEO]);
    assertEquals(records[1]?.line, line);
  });
}

test("peek() reads quoted fields of every separator", async (dir) => {
  for (const separator of [",", ";", "\t"]) {
    const fields = ANA.with(0, `Ana${separator} "la"`);
    const quoted = fields.map((text) => `"${text.replaceAll('"', '""')}"`);
    const text = `${quoted.join(separator)}\n${LEO.join(separator)}\n`;
    const records = await recordsOf(dir, text, { separator });
    assertEquals(records.map(({ fields }) => fields), [fields, LEO]);
  }
});

/** Of any number of these characters. */
const BLANK = [" ", "\t", ",", ";", ",,,,", ";;;;", " ; , \t", " ".repeat(99)];

test("peek() skips lines of spaces and separators only", async (dir) => {
  for (const separator of [",", ";", "\t"]) {
    const row = ANA.join(separator);
    const text = BLANK.map((blank) => `${blank}\n${row}\r\n${blank}`).join(
      "\n",
    );
    const records = await recordsOf(dir, text, { separator });
    assertEquals(records.map(({ fields }) => fields), BLANK.map(() => ANA));
    assertEquals(records.map(({ index }) => index), [...BLANK.keys()]);
    assertEquals(records[1]?.line, 5);
  }
});

test("RecordReader.index counts every record, however it is read", async (dir) => {
  const lines = [
    ANA_LINE,
    "x",
    LEO.join(";"),
    ",;,",
    `"${ANA.join('","')}"`,
    '"',
    "",
    `${ANA_LINE},`,
    LEO.join("\t"),
    '"","","","",""',
    "z".repeat(70_000),
    "|",
    LEO_LINE,
  ];
  const places: unknown[] = [];
  for (const separator of [",", ";", "\t"]) {
    for (const lineEnd of ["\n", "\r\n"]) {
      for (const hasHeader of [false, true]) {
        const options = { separator, hasHeader };
        const text = lines.map((line) => `${line}${lineEnd}`).join("");
        const records = await recordsOf(dir, text, options);
        places.push(records.map(({ index, line }) => [index, line]));
      }
    }
  }
  const indexes = [1, 2, 3, 5, 6, 8, 9, 10, 11, 12, 13].map((
    line,
    i,
  ) => [i, line]);
  assertEquals(places, places.map(() => indexes));
});

test("peek() finds the header first", async (dir) => {
  const text = `\n,,\nfirst,last,document,birthdate,number\n${ANA_LINE}\n`;
  const records = await recordsOf(dir, text, { hasHeader: true });
  assertEquals(records.map(({ problem }) => problem), ["header", undefined]);
  assertEquals(records.map(({ line }) => line), [3, 4]);
  assertEquals(records[0]?.text, "first,last,document,birthdate,number");
  const [first] = await recordsOf(dir, text);
  assertEquals(first?.problem, undefined);
});

test("peek() accepts bets that only the central finds invalid", async (dir) => {
  const records = await recordsOf(dir, " a ,\0,x,not a date,-1\n,,x,,\n");
  assertEquals(records.map(({ fields }) => fields), [
    [" a ", "\0", "x", "not a date", "-1"],
    ["", "", "x", "", ""],
  ]);
});

test("peek() reads fields of up to 255 bytes", async (dir) => {
  for (let field = 0; field < 5; field++) {
    for (const quote of ["", '"']) {
      const widest = ANA.with(field, `${"ñ".repeat(127)}x`);
      const wider = ANA.with(field, "ñ".repeat(128));
      const lines = [widest, wider].map((fields) =>
        fields.with(field, `${quote}${fields[field]}${quote}`).join(",")
      );
      const [first, second] = await recordsOf(dir, lines.join("\r\n"));
      assertEquals(first?.fields, widest);
      assertMatch(second!.problem!, /longer than 255 bytes/);
      if (quote === "") {
        assertEquals(
          second?.problem,
          `field ${field + 1} is longer than 255 bytes`,
        );
      }
    }
  }
  const widest = Array.from({ length: 5 }, () => "x".repeat(255));
  const [record] = await recordsOf(dir, `"${widest.join('","')}"\n`);
  assertEquals(record?.fields, widest);
});

/** Lines that are not records. */
const PROBLEMS: Record<string, [string | Uint8Array, RegExp]> = {
  "one field": ["Ana", /^expected 5 fields but got 1$/],
  "four fields": ["Ana,Gil,1,1999-03-17", /^expected 5 fields but got 4$/],
  "six fields": [`${ANA_LINE},`, /^expected 5 fields but got 6$/],
  "a hundred fields": [`x${",".repeat(99)}`, /^expected 5 fields but got 100$/],
  "four fields in quotes": [
    '"Ana","Gil","1","2"',
    /expected 5 fields but got 4/,
  ],
  "six fields in quotes": [`"",${ANA_LINE}`, /expected 5 fields but got 6/],
  "a space that does not break": ["\u{a0}", /^expected 5 fields but got 1$/],
  "a CR in it": ["\rx", /^expected 5 fields but got 1$/],
  "empty fields in quotes": ['"","",,"",""', /^all fields are empty$/],
  "an unclosed quote": [`"Ana,${ANA.slice(1)}`, /wrong quotes/],
  "a quote that opens late": [`A"na,${ANA.slice(1)}`, /wrong quotes/],
  "text after a quote": [`"A"na,${ANA.slice(1)}`, /wrong quotes/],
  "a lone lead byte": [
    bytes("Jos", [0xc3], ",a,1,2000-01-01,1"),
    /^not UTF-8$/,
  ],
  "a cut character at the end": [
    bytes("a,b,1,2000-01-01,1", [0xe2, 0x82]),
    /^not UTF-8$/,
  ],
  "Latin-1": [bytes("Jos", [0xe9], ",a,1,2000-01-01,1"), /^not UTF-8$/],
  "broken UTF-8 in quotes": [bytes('"a', [0xff], '",b,1,2,3'), /^not UTF-8$/],
};

for (const [what, [line, problem]] of Object.entries(PROBLEMS)) {
  test(`peek() skips a line with ${what} alone`, async (dir) => {
    for (const lineEnd of ["\n", "\r\n"]) {
      const bad = typeof line === "string" ? UTF8.encode(line) : line;
      const file = concat([
        UTF8.encode(`${ANA_LINE}${lineEnd}`),
        bad,
        UTF8.encode(`${lineEnd}${LEO_LINE}${lineEnd}`),
        bad,
      ]);
      const content = contentOf(file);
      const records = await recordsOf(dir, file);
      assertEquals(records.map(({ fields }) => fields), [
        ANA,
        undefined,
        LEO,
        undefined,
      ]);
      for (const at of [1, 3]) {
        assertMatch(records[at]!.problem!, problem);
        assertEquals(records[at]!.line, at + 1);
        assertEquals(
          content.subarray(...span(records[at]!)),
          concat([bad, UTF8.encode("\n")]),
        );
      }
    }
  });
}

function span({ start, end }: ReadRecord): [number, number] {
  return [start, end];
}

function bytes(...parts: (string | number[])[]): Uint8Array {
  return concat(
    parts.map((part) =>
      typeof part === "string" ? UTF8.encode(part) : Uint8Array.from(part)
    ),
  );
}
