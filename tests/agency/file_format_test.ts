import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { inspectFormat } from "../../agency/source/file_format.ts";
import { SourceFile } from "../../agency/source/source_file.ts";
import { ProgramError } from "../../program/errors.ts";
import { concat } from "../support/frames.ts";
import { testInFolder as test } from "../support/folder.ts";
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

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The bytes of a text, in which each question mark is replaced by the next byte. */
function withByte(text: string, byte: number): Uint8Array {
  return utf8(text).map((one) => one === QUESTION ? byte : one);
}

const QUESTION = 0x3f;
const GZIPPED = new Blob([BYTES]).stream()
  .pipeThrough(new CompressionStream("gzip"));
const SET_SEMICOLON =
  'its fields look separated by semicolons; set agency.separator (--separator) to ";"';
const SEMICOLONS = CSV.replaceAll(",", ";");
const ONE_FIELD = "rows have 1 field, expected 5";

/** Files that cannot be sent, by the message about them. */
const UNSENDABLE: [expected: string | RegExp, Record<string, Uint8Array>][] = [
  [/it is text in UTF-16, .*iconv/, {
    "UTF-16LE with a mark": utf16(`\ufeff${CSV}`, true),
    "UTF-16BE with a mark": utf16(`\ufeff${CSV}`, false),
  }],
  [/it is text in UTF-16 or binary/, {
    "UTF-16LE": utf16(CSV, true),
    "UTF-16BE": utf16(CSV, false),
    "UTF-16 of another script": utf16(FOREIGN, true),
    "UTF-16 of one row": utf16(csvOf(rows(1)), true),
  }],
  [/it is text in UTF-32, .*iconv/, {
    "UTF-32LE with a mark": utf32(`\ufeff${CSV}`, true),
    "UTF-32BE with a mark": utf32(`\ufeff${CSV}`, false),
    "UTF-32LE": utf32(CSV, true),
    "UTF-32BE": utf32(FOREIGN, false),
  }],
  [/it is compressed with gzip, .*unpack it/, {
    "gzip": await new Response(GZIPPED).bytes(),
  }],
  [/it is .*zstd, .*unpack it/, {
    "zstd": Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd),
  }],
  [/it is .*xz, .*unpack it/, {
    "xz": Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a),
  }],
  [/it is .*Excel .*CSV UTF-8/, {
    "zip or xlsx": Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 6),
    "xls": Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1),
  }],
  [/it is a PDF, .*export the bets/, { "PDF": utf8("%PDF-1.7") }],
  [/it is text in another encoding than UTF-8, such as CP850/, {
    "CP850 in one row": withByte("Jos?,Gil,1,1999-03-17,7574\n", 0x82),
    "CP850 in two rows": withByte(
      "Jos?,Gil,1,1999-03-17,7574\n".repeat(2),
      0x82,
    ),
  }],
  [/it is binary: \d+ of its first \d+ bytes are 0/, {
    "NULs": new Uint8Array(9),
    "a million NULs": new Uint8Array(1_000_000),
    "NULs before its rows": concat([new Uint8Array(3_000), BYTES]),
    "an eighth of NULs": utf8(`aaaa\0\0${"a".repeat(9)}\n`),
  }],
  [SET_SEMICOLON, {
    "semicolons": utf8(SEMICOLONS),
    "one row of semicolons": utf8("Ana;Gil;1;1999-03-17;7"),
    "semicolons in half of the rows": utf8("Ana;Gil;1;1999-03-17;7\nno bet\n"),
    "a mark and semicolons": utf8(`\ufeff\r\n${SEMICOLONS}`),
    "semicolons with a quoted comma": utf8(
      `Ana;"Paz, de Sosa";1;1999-03-17;7\n${SEMICOLONS}`,
    ),
    "semicolons with commas in every row": utf8(
      SEMICOLONS.replaceAll("Núñez", "Paz, de Sosa"),
    ),
    "semicolons with some rows of commas": utf8(
      `a,b,c,d,e\nf,g,h,i,j\n${SEMICOLONS}`,
    ),
  }],
  ["its lines end with CR", { "CR": utf8(CSV.replaceAll("\n", "")) }],
  ["tr '\\r' '\\n'", { "CR CR LF": utf8(CSV.replaceAll("\r", "\r\r")) }],
  ["its first line has more than 65536 bytes", {
    "a long line": utf8("x".repeat(1e6)),
  }],
  ['(--separator) to "\\t"', { "tabs": utf8(CSV.replaceAll(",", "\t")) }],
  ["its separator looks like `|`", { "bars": utf8(CSV.replaceAll(",", "|")) }],
  ["rows have 7 fields, the last two empty: delete the columns", {
    "two empty columns": utf8(CSV.replaceAll("\r\n", ",,\n")),
  }],
  ["rows have 6 fields, the last one empty: delete the column", {
    "an empty column": utf8(CSV.replaceAll("\r\n", ", \n")),
  }],
  ["rows have 7 fields separated by semicolons, the last two empty", {
    "two empty columns with semicolons": utf8(
      SEMICOLONS.replaceAll("\r\n", ";;\n"),
    ),
  }],
  [
    "rows have 6 fields, expected 5: first name, last name, document, birthdate, number",
    { "another column": utf8(CSV.replaceAll("\r\n", ",x\n")) },
  ],
  ["rows have 4 fields, expected 5", {
    "four columns": utf8(CSV.replaceAll(/,\d+\r\n/g, "\n")),
  }],
  ["rows have 2 fields, expected 5", {
    "as many commas as semicolons": utf8("Ana,García;3\n".repeat(9)),
  }],
  [ONE_FIELD, {
    "no separator": utf8("Ana\nEva\n"),
    "no good row of the first 1000": utf8("x\n".repeat(1000) + CSV),
    "quotes around whole rows": utf8(CSV.replaceAll(/(.+)\r\n/g, '"$1"\n')),
  }],
];

for (const [expected, files] of UNSENDABLE) {
  for (const [name, bytes] of Object.entries(files)) {
    test(`inspectFormat() explains a file with ${name}`, async (dir) => {
      const message = await messageFor(`${dir}/bets.csv`, bytes);
      const start = `Cannot send agency's file "${dir}/bets.csv": `;
      assertStringIncludes(message, start);
      if (typeof expected === "string") assertStringIncludes(message, expected);
      else assertMatch(message, expected);
    });
  }
}

/** Letters in the encodings of Windows, DOS and old Macs. */
const ENCODED: [expected: RegExp, Record<string, number[]>][] = [
  [/it is text in Windows-1252 .*iconv -f WINDOWS-1252 -t UTF-8$/, {
    "Windows-1252": [0xe9, 0xf1, 0xd1, 0xcd],
    ...Object.fromEntries(
      [0xc0, 0xd6, 0xd8, 0xe9, 0xf6, 0xf8, 0xfd].map((letter) =>
        [`one letter of Windows-1252, ${letter}`, [letter]] as const
      ),
    ),
  }],
  [/it is text in another encoding than UTF-8/, {
    "signs and rare letters": [0xd7, 0xf7, 0xfe, 0xff],
    "CP850": [0x82, 0xa4, 0xa5, 0xa0],
    "Mac Roman": [0x8e, 0x96, 0x87, 0x92],
  }],
];

for (const [expected, files] of ENCODED) {
  for (const [name, letters] of Object.entries(files)) {
    test(`inspectFormat() recognizes ${name}`, async (dir) => {
      // In the first chunk, and in a later one.
      for (const before of [0, 20_000]) {
        const bytes = utf8(
          csvOf(rows(before + 100).map((row) => row.with(0, "A").with(1, "?"))),
        );
        const places = bytes.entries()
          .filter(([, byte]) => byte === QUESTION).drop(before + 50);
        for (const letter of letters) bytes[places.next().value![0]] = letter;
        assertMatch(await messageFor(`${dir}/bets.csv`, bytes), expected);
      }
    });
  }
}

test("inspectFormat() reports commas if semicolons are expected", async (dir) => {
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
  test(`inspectFormat() lets ${name} pass`, async (dir) => {
    assertEquals(await messageFor(`${dir}/bets.csv`, utf8(text)), "");
  });
}

test("inspectFormat() takes UTF-8 with damaged rows for UTF-8", async (dir) => {
  const damages = [[0xc3], [0xff], [0xff, 0xfe, 0x80], [0xe9], [0xa4, 0xa0]];
  const row = (damage: number[]) =>
    concat([
      utf8("Jos"),
      Uint8Array.from(damage),
      utf8(",Gil,1,1999-03-17,7\n"),
    ]);
  const oneLetter = "Jos?,Ñandu,1,1999-03-17,7\n";
  const ascii = csvOf(rows(99)).replaceAll(/[^ -~\r\n]/g, "x");
  const files = [
    ...damages.map((damage) => concat([row(damage), BYTES])),
    // One letter in UTF-8, and one letter in another encoding.
    ...[0xe9, 0x82].map((letter) => withByte(oneLetter, letter)),
    // Two of many rows have a letter in CP850.
    withByte(`?\n?\n${ascii}`, 0x82),
  ];
  for (const bytes of files) {
    assertEquals(await messageFor(`${dir}/bets.csv`, bytes), "");
  }
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
