// Recognizes archives, workbooks and text in other encodings by their bytes.

import { viewOf, wordViewOf } from "../../bytes/swar.ts";
import { characterSizeAt } from "../../bytes/utf8.ts";

/** What a file is instead of CSV in UTF-8. */
export interface ForeignFormat {
  name: string;
  advice: string;
}

const SAVE_AS_UTF8 = 'save it as "CSV UTF-8"';
const SAVE_AS_CSV = 'open it and save the sheet with the bets as "CSV UTF-8"';

const UTF16 = encoded("UTF-16");
const UTF32 = encoded("UTF-32");
const WINDOWS = {
  ...encoded("WINDOWS-1252"),
  name: "text in Windows-1252 (Latin-1)",
};
const UNKNOWN_ENCODING: ForeignFormat = {
  name: "text in another encoding than UTF-8, such as CP850 or Mac Roman",
  advice: `${SAVE_AS_UTF8}, or convert it with iconv`,
};
/**
 * First bytes of each format. UTF-32's byte order mark begins with UTF-16's, so
 * UTF-32 is checked first.
 */
const STARTS: readonly [start: readonly number[], format: ForeignFormat][] = [
  [[0xff, 0xfe, 0, 0], UTF32],
  [[0, 0, 0xfe, 0xff], UTF32],
  [[0xff, 0xfe], UTF16],
  [[0xfe, 0xff], UTF16],
  [[0x1f, 0x8b], compressed("gzip")],
  [[0x28, 0xb5, 0x2f, 0xfd], compressed("zstd")],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], compressed("xz")],
  [[0x50, 0x4b, 0x03, 0x04], {
    name: "a zip archive or an Excel workbook (xlsx)",
    advice: `unpack it, or ${SAVE_AS_CSV}`,
  }],
  [[0xd0, 0xcf, 0x11, 0xe0], {
    name: "an Excel workbook (xls)",
    advice: SAVE_AS_CSV,
  }],
  [[0x25, 0x50, 0x44, 0x46, 0x2d], {
    name: "a PDF",
    advice: "export the bets from where it was made",
  }],
];

/** Bytes in which NULs are counted: dozens of rows. */
const SAMPLE_BYTES = 4096;
/** In UTF-16 nearly half of a bet's bytes are 0, in UTF-8 none are. */
const MIN_NUL_PART = 1 / 8;
const MAX_CODE_POINT = 0x10ffff;

export function countOf(byte: number, bytes: Uint8Array): number {
  return bytes.reduce((count, one) => one === byte ? count + 1 : count, 0);
}

export function findForeignFormat(
  start: Uint8Array,
): ForeignFormat | undefined {
  const found = STARTS.find(([bytes]) =>
    bytes.every((byte, at) => start[at] === byte)
  );
  return found?.[1] ?? formatWithNuls(start.subarray(0, SAMPLE_BYTES));
}

/** Recognizes UTF-16 and UTF-32 without a byte order mark, and NULs. */
function formatWithNuls(bytes: Uint8Array): ForeignFormat | undefined {
  if (!bytes.includes(0)) return undefined;
  const nuls = countOf(0, bytes);
  if (nuls < MIN_NUL_PART * bytes.length) return undefined;
  if (isEveryUnit(bytes, 4, (unit) => unit > 0 && unit <= MAX_CODE_POINT)) {
    return UTF32;
  }
  if (isEveryUnit(bytes, 2, (unit) => unit !== 0)) {
    return { ...UTF16, name: "text in UTF-16 or binary" };
  }
  return {
    name: `binary: ${nuls} of its first ${bytes.length} bytes are 0`,
    advice: "it may have been damaged, so get it again from where it was made",
  };
}

function isEveryUnit(
  bytes: Uint8Array,
  size: 2 | 4,
  check: (unit: number) => boolean,
): boolean {
  const view = viewOf(bytes);
  const getUnit = size === 2 ? view.getUint16 : view.getUint32;
  const count = Math.floor(bytes.length / size);
  const places = Array.from({ length: count }, (_, i) => size * i);
  return count > 0 &&
    [true, false].some((isLittleEndian) =>
      places.every((at) => check(getUnit.call(view, at, isLittleEndian)))
    );
}

/** Most bytes of a character that may be cut off at a chunk's end. */
const MAX_CUT_BYTES = 3;
/**
 * Fewest bytes that are neither UTF-8 nor Windows-1252 letters for a file to be
 * in an unknown encoding, unless it has fewer rows. With fewer such bytes, the
 * file is UTF-8 with some damaged rows.
 */
const MIN_UNKNOWN = 3;
const NEWLINE = 0x0a;
/** In UTF-8 these are the first byte of accented letters. */
const CUT_LETTERS = [0xc2, 0xc3];

/**
 * Recognizes another encoding in a chunk that is not all ASCII. If most
 * non-ASCII characters are valid UTF-8, the file is UTF-8 with some damaged
 * rows.
 */
export function findEncoding(chunk: Uint8Array): ForeignFormat | undefined {
  if (isUtf8(chunk)) return undefined;
  const view = wordViewOf(chunk);
  let valid = 0;
  let letters = 0;
  let others = 0;
  for (let at = 0; at < chunk.length - MAX_CUT_BYTES;) {
    const byte = chunk[at]!;
    const isAscii = byte < 0x80;
    const size = isAscii ? 1 : characterSizeAt(view, at);
    if (size === 0) {
      if (isWindowsLetter(byte)) letters++;
      else if (!CUT_LETTERS.includes(byte)) others++;
    } else if (!isAscii) {
      valid++;
    }
    at += Math.max(1, size);
  }
  if (letters > valid && letters >= others) return WINDOWS;
  const rows = countOf(NEWLINE, chunk);
  return others >= Math.min(MIN_UNKNOWN, rows) && others > valid
    ? UNKNOWN_ENCODING
    : undefined;
}

/**
 * True for UTF-8, even if its last character is cut off. This check makes reading
 * 27,000 bets 7 % faster: the caller's loop runs before V8 has optimized it.
 */
function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** A Windows-1252 letter with an accent, except the rare ÿ, Þ and þ. */
function isWindowsLetter(byte: number): boolean {
  return byte >= 0xc0 && byte <= 0xfd && byte !== 0xd7 && byte !== 0xf7 &&
    !CUT_LETTERS.includes(byte);
}

function compressed(format: string): ForeignFormat {
  return {
    name: `compressed with ${format}`,
    advice: "unpack it, or send what it unpacks to with agency.file: -",
  };
}

function encoded(encoding: string): ForeignFormat {
  return {
    name: `text in ${encoding}`,
    advice:
      `${SAVE_AS_UTF8}, or convert it with: iconv -f ${encoding} -t UTF-8`,
  };
}
