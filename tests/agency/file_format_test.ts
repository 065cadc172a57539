import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { inspectFormat } from "../../agency/source/file_format.ts";
import { SourceFile } from "../../agency/source/source_file.ts";
import { ProgramError } from "../../program/errors.ts";
import { concat } from "../support/frames.ts";
import { folder } from "../support/folder.ts";
import { csvOf, rows } from "../support/rows.ts";

const CSV = csvOf(rows(500));
const BYTES = new TextEncoder().encode(CSV);
/** Letters whose UTF-16 form has no zero byte. */
const FOREIGN = csvOf(
  rows(9).map((row) => row.with(0, "Ибрагим").with(1, "Владимирович")),
);

function utf16(text: string, isLittleEndian: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * text.length));
  for (let at = 0; at < text.length; at++) {
    view.setUint16(2 * at, text.charCodeAt(at), isLittleEndian);
  }
  return new Uint8Array(view.buffer);
}

function utf32(text: string, isLittleEndian: boolean): Uint8Array {
  const codes = Array.from(text, (character) => character.codePointAt(0)!);
  const view = new DataView(new ArrayBuffer(4 * codes.length));
  for (const [at, code] of codes.entries()) {
    view.setUint32(4 * at, code, isLittleEndian);
  }
  return new Uint8Array(view.buffer);
}

async function compress(format: "gzip"): Promise<Uint8Array> {
  const stream = new Blob([BYTES]).stream()
    .pipeThrough(new CompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const UNSENDABLE: [name: string, bytes: Uint8Array, expected: RegExp][] = [
  [
    "UTF-16LE with a mark",
    utf16(`\ufeff${CSV}`, true),
    /text in UTF-16, .*iconv/,
  ],
  [
    "UTF-16BE with a mark",
    utf16(`\ufeff${CSV}`, false),
    /text in UTF-16, .*iconv/,
  ],
  ["UTF-16LE", utf16(CSV, true), /text in UTF-16 or binary/],
  ["UTF-16BE", utf16(CSV, false), /text in UTF-16 or binary/],
  ["UTF-16 of another script", utf16(FOREIGN, true), /text in UTF-16/],
  ["UTF-16 of one row", utf16(csvOf(rows(1)), true), /text in UTF-16/],
  [
    "UTF-32LE with a mark",
    utf32(`\ufeff${CSV}`, true),
    /text in UTF-32, .*iconv/,
  ],
  [
    "UTF-32BE with a mark",
    utf32(`\ufeff${CSV}`, false),
    /text in UTF-32, .*iconv/,
  ],
  ["UTF-32LE", utf32(CSV, true), /text in UTF-32/],
  ["UTF-32BE", utf32(FOREIGN, false), /text in UTF-32/],
  ["gzip", await compress("gzip"), /compressed with gzip, .*unpack it/],
  [
    "zip or xlsx",
    Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 6),
    /Excel .*CSV UTF-8/,
  ],
  [
    "xls",
    Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1),
    /Excel .*CSV UTF-8/,
  ],
  ["pdf", new TextEncoder().encode("%PDF-1.7"), /a PDF, .*export the bets/],
  ["zstd", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd), /zstd, .*unpack it/],
  ["xz", Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a), /xz, .*unpack it/],
];

for (const [name, bytes, expected] of UNSENDABLE) {
  folder.test(`inspectFormat() recognizes ${name}`, async (dir) => {
    const message = await messageFor(`${dir}/bets.csv`, bytes);
    assertMatch(message, expected);
    assertStringIncludes(message, `agency's file "${dir}/bets.csv": it is `);
  });
}

/** Text in the encodings of Windows, DOS and old Macs. */
const ENCODED: [name: string, bytes: number[], expected: RegExp][] = [
  [
    "Windows-1252",
    [0xe9, 0xf1, 0xd1, 0xcd],
    /text in Windows-1252 .*iconv -f WINDOWS-1252 -t UTF-8$/,
  ],
  ...[0xc0, 0xd6, 0xd8, 0xe9, 0xf6, 0xf8, 0xfd].map((letter) =>
    [
      `one letter of Windows-1252, ${letter}`,
      [letter],
      /text in Windows-1252/,
    ] as [string, number[], RegExp]
  ),
  ["signs and rare letters", [0xd7, 0xf7, 0xfe, 0xff], /another encoding/],
  ["CP850", [0x82, 0xa4, 0xa5, 0xa0], /another encoding than UTF-8/],
  ["Mac Roman", [0x8e, 0x96, 0x87, 0x92], /another encoding than UTF-8/],
];

for (const [name, letters, expected] of ENCODED) {
  folder.test(`inspectFormat() recognizes ${name}`, async (dir) => {
    // In the first chunk, and in a later one.
    for (const before of [0, 20_000]) {
      const bytes = new TextEncoder().encode(
        csvOf(rows(before + 100).map((row) => row.with(0, "Ana").with(1, "?"))),
      );
      const places = bytes.entries().filter(([, byte]) => byte === QUESTION)
        .drop(before + 50).map(([at]) => at);
      for (const letter of letters) bytes[places.next().value!] = letter;
      const message = await messageFor(`${dir}/bets.csv`, bytes);
      assertMatch(message, expected);
    }
  });
}

folder.test("inspectFormat() recognizes CP850 in a file of one row", async (dir) => {
  for (const count of [1, 2]) {
    const rows = "Jos?,Gil,1,1999-03-17,7574\n".repeat(count);
    const bytes = new TextEncoder().encode(rows)
      .map((byte) => byte === QUESTION ? 0x82 : byte);
    const message = await messageFor(`${dir}/bets.csv`, bytes);
    assertMatch(message, /another encoding than UTF-8, such as CP850/);
  }
});

const QUESTION = 0x3f;

folder.test("inspectFormat() recognizes a file of NULs", async (dir) => {
  const cases = [
    new Uint8Array(9),
    new Uint8Array(1_000_000),
    concat([new Uint8Array(3_000), BYTES]),
    new TextEncoder().encode(`aaaa\0\0${"a".repeat(9)}\n`),
  ];
  for (const bytes of cases) {
    const message = await messageFor(`${dir}/bets.csv`, bytes);
    assertMatch(message, /it is binary: \d+ of its first \d+ bytes are 0/);
  }
});

const SET_SEMICOLON =
  'its fields look separated by semicolons; set agency.separator (--separator) to ";"';
const SEMICOLONS = CSV.replaceAll(",", ";");

const OTHER_COLUMNS: [name: string, text: string, expected: string][] = [
  ["semicolons", SEMICOLONS, SET_SEMICOLON],
  ["one row of semicolons", "Ana;Gil;1;1999-03-17;7", SET_SEMICOLON],
  [
    "semicolons in half of the rows",
    "Ana;Gil;1;1999-03-17;7\nno bet\n",
    SET_SEMICOLON,
  ],
  ["a mark and semicolons", `\ufeff\r\n${SEMICOLONS}`, SET_SEMICOLON],
  [
    "semicolons with a quoted comma",
    `Ana;"Paz, de Sosa";1;1999-03-17;7\n${SEMICOLONS}`,
    SET_SEMICOLON,
  ],
  [
    "semicolons with commas in every row",
    SEMICOLONS.replaceAll("Núñez", "Paz, de Sosa"),
    SET_SEMICOLON,
  ],
  [
    "semicolons with some rows of commas",
    `a,b,c,d,e\nf,g,h,i,j\n${SEMICOLONS}`,
    SET_SEMICOLON,
  ],
  ["CR", CSV.replaceAll("\n", ""), "its lines end with CR"],
  ["CR CR LF", CSV.replaceAll("\r", "\r\r"), "tr '\\r' '\\n'"],
  ["a long line", "x".repeat(1e6), "its first line has more than 65536 bytes"],
  ["tabs", CSV.replaceAll(",", "\t"), '(--separator) to "\\t"'],
  ["bars", CSV.replaceAll(",", "|"), "its separator looks like `|`"],
  [
    "two empty columns",
    CSV.replaceAll("\r\n", ",,\n"),
    "rows have 7 fields, the last two empty: delete the columns",
  ],
  [
    "an empty column",
    CSV.replaceAll("\r\n", ", \n"),
    "rows have 6 fields, the last one empty: delete the column",
  ],
  [
    "two empty columns with semicolons",
    SEMICOLONS.replaceAll("\r\n", ";;\n"),
    "rows have 7 fields separated by semicolons, the last two empty",
  ],
  [
    "another column",
    CSV.replaceAll("\r\n", ",x\n"),
    "rows have 6 fields, expected 5: first name, last name, document, birthdate, number",
  ],
  [
    "four columns",
    CSV.replaceAll(/,\d+\r\n/g, "\n"),
    "rows have 4 fields, expected 5",
  ],
  [
    "as many commas as semicolons",
    "Ana,García;3\n".repeat(9),
    "rows have 2 fields, expected 5",
  ],
  ["no separator", "Ana\nEva\n", "rows have 1 field, expected 5"],
  [
    "no good row of the first 1000",
    "x\n".repeat(1000) + CSV,
    "rows have 1 field, expected 5",
  ],
  [
    "quotes around whole rows",
    CSV.replaceAll(/(.+)\r\n/g, '"$1"\n'),
    "rows have 1 field, expected 5",
  ],
];

for (const [name, text, expected] of OTHER_COLUMNS) {
  folder.test(`inspectFormat() explains a file with ${name}`, async (dir) => {
    const bytes = new TextEncoder().encode(text);
    const message = await messageFor(`${dir}/bets.csv`, bytes);
    assertStringIncludes(
      message,
      `Cannot send agency's file "${dir}/bets.csv": `,
    );
    assertStringIncludes(message, expected);
  });
}

folder.test("inspectFormat() reports commas if semicolons are expected", async (dir) => {
  const message = await messageFor(`${dir}/bets.csv`, BYTES, ";");
  assertStringIncludes(message, "its fields look separated by commas; set");
});

const SENDABLE: [name: string, text: string][] = [
  ["an empty file", ""],
  ["empty lines", "\r\n\n , ,\n"],
  ["rows", CSV],
  ["a byte order mark", `\ufeff${CSV}`],
  ["another script", FOREIGN],
  ["rows with semicolons in fields", CSV.replaceAll("Ana", "A;n;a;s;x")],
  ["some rows with semicolons", `a;b;c;d;e\n${CSV}`],
  ["one good row of the first 1000", `${"x\n".repeat(999)}${csvOf(rows(1))}`],
  ["a row with a byte 0", "Ana\0,Gil,1,1999-03-17,7\n"],
  ["less than an eighth of NULs", "a\0,b\0,1,1999-03,7\n"],
  ["a name that begins like an archive", `PK${CSV}`],
  ["a row that is too long", `${"x".repeat(100_000)}\n${CSV}`],
];

for (const [name, text] of SENDABLE) {
  folder.test(`inspectFormat() lets ${name} pass`, async (dir) => {
    const bytes = new TextEncoder().encode(text);
    assertEquals(await messageFor(`${dir}/bets.csv`, bytes), "");
  });
}

folder.test("inspectFormat() takes UTF-8 with damaged rows for UTF-8", async (dir) => {
  const damages = [[0xc3], [0xff], [0xff, 0xfe, 0x80], [0xe9], [0xa4, 0xa0]];
  for (const damage of damages) {
    const row = concat([
      new TextEncoder().encode("Jos"),
      Uint8Array.from(damage),
      new TextEncoder().encode(",Gil,1,1999-03-17,7\n"),
    ]);
    const message = await messageFor(
      `${dir}/bets.csv`,
      concat([row, BYTES]),
    );
    assertEquals(message, "");
  }
  // One letter in UTF-8, and one that is not.
  for (const letter of [0xe9, 0x82]) {
    const bytes = new TextEncoder().encode("Jos?,Ñandu,1,1999-03-17,7\n");
    const damaged = bytes.map((byte) => byte === QUESTION ? letter : byte);
    assertEquals(await messageFor(`${dir}/bets.csv`, damaged), "");
  }
  // Two letters of CP850 in as many rows of many.
  const ascii = csvOf(rows(99)).replaceAll(/[^ -~\r\n]/g, "x");
  const odd = new TextEncoder().encode(`?\n?\n${ascii}`)
    .map((byte) => byte === QUESTION ? 0x82 : byte);
  assertEquals(await messageFor(`${dir}/bets.csv`, odd), "");
});

const BET = "Ana,Gil,1,1999-03-17,7574";
const HEADERS: [first: string, next: string, isHeader: boolean][] = [
  ["first name,last name,document,birthdate,number", BET, true],
  ["nombre,apellido,documento,nacimiento,número", BET, true],
  ['"Nombre","Apellido","DNI","Fecha (AAAA-MM-DD)","N°"', BET, true],
  ["\n,,\na,b,c,d,e", `\n${BET}`, true],
  ["\ufeffa,b,c,d,e", BET, true],
  ["Address 1,Address 2,c,d,e", BET, true],
  [" first.name , last_name , doc. nº , Fecha (dd/mm/aaaa) , n ", BET, true],
  ["Ana,Gil,n.d.,siete,s.d.", BET, true],
  ["Ana,Gil,#N/A,#VALUE!,#REF!", BET, false],
  ["Ana,Gil,#N/D,#¡VALOR!,#¡REF!", BET, false],
  ["Ana,Gil,n/d,fecha,siete", BET, false],
  ["Ana,Gil,dni,-,siete", BET, false],
  ["Ana,Gil,dni,fecha,=suma", BET, false],
  ["Ana,Gil,dni,fecha,?", BET, false],
  ["Ana,Gil,dni,fecha,siete!", BET, false],
  ["Ana,Gil,null,NULL,siete", BET, false],
  ["Ana,Gil,ana,fecha,siete", BET, false],
  ["#NAME?,Gil,dni,fecha,siete", BET, false],
  ["Ana,,dni,fecha,siete", BET, false],
  [`Ana,Gil,dni,fecha,${"x".repeat(65)}`, BET, false],
  ["a,b,c,d,e", "Ana,Gil,#N/A,#VALUE!,#REF!", true],
  ["a,b,c,d,number 1", BET, false],
  ["Ana,Gil,,,", BET, false],
  ["Ana,Gil,-,x,y", BET, false],
  ["a,b,c,d", BET, false],
  ["a,b,c,d,e,f", BET, false],
  ["a,b,c,d,e", "a,b,c,d,e", false],
  ["a,b,c,d,e", "Ana,Gil,1,17/03/1999,7574", true],
  ["a,b,c,d,e", "Ana,Gil", true],
  [BET, BET, false],
];

folder.test("inspectFormat() finds a header", async (dir) => {
  const path = `${dir}/bets.csv`;
  for (const [first, next, isHeader] of HEADERS) {
    await Deno.writeTextFile(path, `${first}\r\n${next}\r\n${BET}\r\n`);
    using source = await SourceFile.open(path);
    const { header } = await inspectFormat(source, ",");
    assertEquals(header !== undefined, isHeader, first);
  }
  await Deno.writeTextFile(path, "a,b,c,d,e\n");
  using source = await SourceFile.open(path);
  assertEquals(await inspectFormat(source, ","), { header: "a,b,c,d,e" });
});

/** The reason why the file is refused, or "". */
async function messageFor(
  path: string,
  bytes: Uint8Array,
  separator = ",",
): Promise<string> {
  await Deno.writeFile(path, bytes);
  using source = await SourceFile.open(path);
  let message = "";
  try {
    await inspectFormat(source, separator);
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    message = error.message;
  }
  return message;
}
