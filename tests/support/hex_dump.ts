/**
 * The worked examples of the documentation: bytes in hex, each line with a note
 * that says what they are.
 *
 * ```text
 * 00 00 00 03              agency = 3
 * 07 c3 81 6e 67 65 6c 61  "Ángela"
 * ```
 *
 * @module
 */

/** One line of a dump. */
export interface HexLine {
  /** Its bytes. */
  bytes: Uint8Array;
  /** What it says that they are. */
  note: string;
}

const NOTE_SEPARATOR_REGEXP = /\s{2,}/;

/**
 * Reads a dump.
 *
 * @param text The lines of a fenced block.
 * @returns Each line's bytes and note.
 * @throws {SyntaxError} If a line does not begin with bytes in hex.
 */
export function parseHexDump(text: string): HexLine[] {
  return text.trimEnd().split("\n").map((line) => {
    const [hex = "", note = ""] = line.split(NOTE_SEPARATOR_REGEXP, 2);
    return { bytes: Uint8Array.fromHex(hex.replaceAll(" ", "")), note };
  });
}

/**
 * Joins the bytes of a dump.
 *
 * @param lines Its lines.
 * @returns All of its bytes.
 */
export function joinHexLines(lines: readonly HexLine[]): Uint8Array {
  return Uint8Array.from(lines.flatMap(({ bytes }) => [...bytes]));
}
