import { assertMatch, assertStringIncludes } from "@std/assert";
import { throwIfUnsendable } from "../../agency/source/file_format.ts";
import { SourceFile } from "../../agency/source/source_file.ts";
import { ProgramError } from "../../program/errors.ts";
import { testInFolder } from "../support/folder.ts";
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
];

for (const [name, bytes, expected] of UNSENDABLE) {
  testInFolder(`throwIfUnsendable() recognizes ${name}`, async (dir) => {
    const message = await messageFor(`${dir}/bets.csv`, bytes);
    assertMatch(message, expected);
    assertStringIncludes(message, `agency's file "${dir}/bets.csv": it is `);
  });
}

const OTHER_SEPARATORS: [name: string, text: string, expected: string][] = [
  [
    "semicolons",
    CSV.replaceAll(",", ";"),
    'have semicolons and no commas; if its fields are separated by semicolons, set agency.separator (CLI_AGENCY_SEPARATOR) to ";"',
  ],
  [
    "one row of semicolons",
    "Ana;Gil;1;1999-03-17;7",
    "semicolons and no commas",
  ],
  [
    "a mark and semicolons",
    `\ufeff\r\n${CSV.replaceAll(",", ";")}`,
    "semicolons",
  ],
  ["tabs", CSV.replaceAll(",", "\t"), 'CLI_AGENCY_SEPARATOR) to "\\t"'],
  // Longer than the part that is inspected, and without a line end.
  ["a long row", "x;".repeat(5_000) + "\n" + "y;".repeat(9), ""],
];

for (const [name, text, expected] of OTHER_SEPARATORS) {
  testInFolder(`throwIfUnsendable() tells of ${name}`, async (dir) => {
    const bytes = new TextEncoder().encode(text);
    const message = await messageFor(`${dir}/bets.csv`, bytes);
    if (expected === "") assertMatch(message, /^$/);
    else assertStringIncludes(message, expected);
  });
}

testInFolder(
  "throwIfUnsendable() reports commas if semicolons are expected",
  async (dir) => {
    const message = await messageFor(`${dir}/bets.csv`, BYTES, ";");
    assertStringIncludes(message, "have commas and no semicolons");
  },
);

const SENDABLE: [name: string, text: string][] = [
  ["an empty file", ""],
  ["empty lines", "\r\n\n"],
  ["rows", CSV],
  ["a byte order mark", `\ufeff${CSV}`],
  ["another script", FOREIGN],
  ["rows with semicolons and commas", CSV.replaceAll("\r", ";\r")],
  ["some rows with semicolons", `a;b;c;d;e\n${CSV}`],
  ["a row with a byte 0", "Ana\0,Gil,1,1999-03-17,7\n"],
  ["rows without any separator", "Ana\nEva\n"],
  ["a name that begins like an archive", `PK${CSV}`],
];

for (const [name, text] of SENDABLE) {
  testInFolder(`throwIfUnsendable() lets ${name} pass`, async (dir) => {
    const bytes = new TextEncoder().encode(text);
    assertMatch(await messageFor(`${dir}/bets.csv`, bytes), /^$/);
  });
}

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
    throwIfUnsendable(source, separator);
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    message = error.message;
  }
  return message;
}
