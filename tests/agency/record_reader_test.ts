import { assertEquals, assertMatch } from "@std/assert";
import { testInFolder } from "../support/folder.ts";
import { concat } from "../support/frames.ts";
import { type ReadRecord, readRecords, recordsOf } from "../support/records.ts";

const ANA = ["Ana", "Gil", "30904465", "1999-03-17", "7574"];
const LEO = ["Leo", "Núñez", "1", "2000-02-29", "1"];
const ANA_LINE = ANA.join(",");
const LEO_LINE = LEO.join(",");
const UTF8 = new TextEncoder();

/** The same two bets in many notations, and the line of the second bet. */
const SPELLINGS: Record<string, [string, number]> = {
  "LF": [`${ANA_LINE}\n${LEO_LINE}\n`, 2],
  "CRLF": [`${ANA_LINE}\r\n${LEO_LINE}\r\n`, 2],
  "both line ends": [`${ANA_LINE}\r\n${LEO_LINE}\n`, 2],
  "no last line end": [`${ANA_LINE}\r\n${LEO_LINE}`, 2],
  "a last CR alone": [`${ANA_LINE}\r\n${LEO_LINE}\r`, 2],
  "empty last lines": [`${ANA_LINE}\n${LEO_LINE}\n\r\n\n`, 2],
  "empty lines between": [`\n\r\n${ANA_LINE}\r\n\r\n\n${LEO_LINE}`, 6],
  "a byte order mark": [`\ufeff${ANA_LINE}\n${LEO_LINE}\n`, 2],
  "a mark and an empty line": [`\ufeff\n${ANA_LINE}\n${LEO_LINE}\n`, 3],
  "quotes": [`"${ANA.join('","')}"\r\n${LEO_LINE}\r\n`, 2],
  "a mark and quotes": [
    `\ufeff"Ana",${ANA.slice(1)}\n"${LEO[0]}",${LEO.slice(1)}`,
    2,
  ],
};

for (const [what, [text, line]] of Object.entries(SPELLINGS)) {
  testInFolder(`peek() reads a file with ${what}`, async (dir) => {
    const records = await recordsOf(dir, text);
    assertEquals(records.map(({ fields }) => fields), [ANA, LEO]);
    assertEquals(records[1]?.line, line);
  });
}

testInFolder("peek() finds no record in an empty file", async (dir) => {
  for (const text of ["", "\n", "\r\n\r\n", "\ufeff", "\ufeff\r\n", "\r"]) {
    assertEquals(await recordsOf(dir, text), []);
  }
});

testInFolder("peek() unquotes fields", async (dir) => {
  const records = await recordsOf(
    dir,
    `"Gil, Ana","say ""hi""",1,"""",","\n"","",,"",""\n`,
  );
  assertEquals(records.map(({ fields }) => fields), [
    ["Gil, Ana", 'say "hi"', "1", '"', ","],
    ["", "", "", "", ""],
  ]);
});

testInFolder(
  "peek() accepts bets that only the central finds invalid",
  async (dir) => {
    const records = await recordsOf(dir, " a ,\0,x,not a date,-1\n,,,,\n");
    assertEquals(records.map(({ fields }) => fields), [
      [" a ", "\0", "x", "not a date", "-1"],
      ["", "", "", "", ""],
    ]);
  },
);

testInFolder("peek() reads fields of up to 255 bytes", async (dir) => {
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
  "a hundred fields": [",".repeat(99), /^expected 5 fields but got 100$/],
  "four fields in quotes": [
    '"Ana","Gil","1","2"',
    /expected 5 fields but got 4/,
  ],
  "six fields in quotes": [`"",${ANA_LINE}`, /expected 5 fields but got 6/],
  "a space": [" ", /^expected 5 fields but got 1$/],
  "an unclosed quote": [`"Ana,${ANA.slice(1)}`, /quoted-field/],
  "a quote that opens late": [`A"na,${ANA.slice(1)}`, /bare " in non-quoted/],
  "text after a quote": [`"A"na,${ANA.slice(1)}`, /quoted-field/],
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
  testInFolder(`peek() skips a line with ${what} alone`, async (dir) => {
    for (const lineEnd of ["\n", "\r\n"]) {
      const bad = typeof line === "string" ? UTF8.encode(line) : line;
      const file = concat([
        UTF8.encode(`${ANA_LINE}${lineEnd}`),
        bad,
        UTF8.encode(`${lineEnd}${LEO_LINE}${lineEnd}`),
        bad,
      ]);
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
          file.subarray(...span(records[at]!)),
          at === 1 ? concat([bad, UTF8.encode(lineEnd)]) : bad,
        );
      }
    }
  });
}

testInFolder("start and end tell where each record is", async (dir) => {
  const text = `\ufeff${ANA_LINE}\r\n\n"Ana",${ANA.slice(1)}\n,\r\n${LEO_LINE}`;
  const records = await recordsOf(dir, text);
  const file = UTF8.encode(text);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const lines = records.map((one) =>
    decoder.decode(file.subarray(...span(one)))
  );
  assertEquals(lines, [
    `${ANA_LINE}\r\n`,
    `"Ana",${ANA.slice(1)}\n`,
    ",\r\n",
    LEO_LINE,
  ]);
});

testInFolder("open() starts in the middle of the file", async (dir) => {
  const all = await recordsOf(
    dir,
    `\ufeff${ANA_LINE}\n\n,\n${LEO_LINE}\n${ANA_LINE}`,
  );
  for (const [i, { start, line }] of all.entries()) {
    const rest = await readRecords(`${dir}/agency.csv`, {
      byteOffset: start,
      line,
    });
    assertEquals(rest, all.slice(i));
  }
});

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
