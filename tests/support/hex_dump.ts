// The worked examples of the documentation: bytes in hex, each line with a note
// that says what they are.
//
// ```text
// 00 00 00 03              agency = 3
// 07 c3 81 6e 67 65 6c 61  "Ángela"
// ```

/** One line of a dump. */
export interface HexLine {
  bytes: Uint8Array;
  /** What it says that they are. */
  note: string;
}

const NOTE_SEPARATOR_REGEXP = /\s{2,}/;

/** Reads a dump. */
export function parseHexDump(text: string): HexLine[] {
  return text.trimEnd().split("\n").map((line) => {
    const [hex = "", note = ""] = line.split(NOTE_SEPARATOR_REGEXP, 2);
    return { bytes: Uint8Array.fromHex(hex.replaceAll(" ", "")), note };
  });
}

/** The bytes of a page's example. */
export function hexExample(
  blocks: ReadonlyMap<string, string>,
  info: string,
): Uint8Array {
  const text = blocks.get(info);
  if (text === undefined) throw new Error(`Cannot find block ${info}`);
  return Uint8Array.from(parseHexDump(text).flatMap(({ bytes }) => [...bytes]));
}
