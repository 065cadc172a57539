import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { testInFolder as test } from "../support/folder.ts";
import { contentOf } from "../support/fingerprint.ts";
import { concat } from "../support/frames.ts";
import { recordsOf } from "../support/records.ts";

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

/** Lines with any number of these characters. */
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

test("RecordReader.index counts every record, whether it can be sent or not", async (dir) => {
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

/** Lines that are not records, by the problem that is reported. */
const PROBLEMS: Record<string, Record<string, string | Uint8Array>> = {
  "expected 5 fields but got 1": {
    "one field": "Ana",
    "a space that does not break": "\u{a0}",
    "a CR in it": "\rx",
  },
  "expected 5 fields but got 4": {
    "four fields": "Ana,Gil,1,1999-03-17",
    "four fields in quotes": '"Ana","Gil","1","2"',
  },
  "expected 5 fields but got 6": {
    "six fields": `${ANA_LINE},`,
    "six fields in quotes": `"",${ANA_LINE}`,
  },
  "expected 5 fields but got 100": { "100 fields": `x${",".repeat(99)}` },
  "all fields are empty": { "empty fields in quotes": '"","",,"",""' },
  "wrong quotes": {
    "an unclosed quote": `"Ana,${ANA.slice(1)}`,
    "a quote that opens late": `A"na,${ANA.slice(1)}`,
    "text after a quote": `"A"na,${ANA.slice(1)}`,
  },
  "not UTF-8": {
    "a lone lead byte": bytes("Jos", [0xc3], ",a,1,2000-01-01,1"),
    "a cut character at the end": bytes("a,b,1,2000-01-01,1", [0xe2, 0x82]),
    "Latin-1": bytes("Jos", [0xe9], ",a,1,2000-01-01,1"),
    "broken UTF-8 in quotes": bytes('"a', [0xff], '",b,1,2,3'),
  },
};

for (const [problem, lines] of Object.entries(PROBLEMS)) {
  for (const [what, line] of Object.entries(lines)) {
    test(`peek() skips a line with ${what} alone`, async (dir) => {
      await assertSkipped(dir, bytes(line), problem);
    });
  }
}

/** Asserts that a line is skipped between others and at the end. */
async function assertSkipped(
  dir: string,
  bad: Uint8Array,
  problem: string,
): Promise<void> {
  for (const end of ["\n", "\r\n"]) {
    const file = bytes(ANA_LINE, end, bad, end, LEO_LINE, end, bad);
    const records = await recordsOf(dir, file);
    const found = records.map(({ fields }) => fields);
    assertEquals(found, [ANA, undefined, LEO, undefined]);
    for (const at of [1, 3]) {
      const { line, start, end, ...record } = records[at]!;
      assertStringIncludes(record.problem!, problem);
      assertEquals(line, at + 1);
      assertEquals(contentOf(file).subarray(start, end), bytes(bad, "\n"));
    }
  }
}

function bytes(...parts: (string | number[] | Uint8Array)[]): Uint8Array {
  return concat(
    parts.map((part) =>
      typeof part === "string" ? UTF8.encode(part) : Uint8Array.from(part)
    ),
  );
}
