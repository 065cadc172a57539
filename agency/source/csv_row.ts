// Splits single CSV rows as text (RFC 4180): the few with quotes, and the first
// rows, which show the file's format.

import { parse } from "@std/csv";
import {
  FIELD_KEYS,
  isGap,
  MAX_PACKED_BET_BYTES,
  packField,
} from "../../bet/bet.ts";
import { viewOf, WORD_BYTES } from "../../bytes/swar.ts";
import { messageOf } from "../../program/errors.ts";

const FIELD_COUNT = FIELD_KEYS.length;
/** Says what is expected: where the quotes are is easy to see. */
const QUOTES_PROBLEM =
  'wrong quotes, expected two around a whole field, and "" for one in it';
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/** Throws a `SyntaxError` if the quotes are wrong. */
function splitRow(row: string, separator: string): readonly string[] {
  if (!row.includes('"')) return row.split(separator);
  return parse(row, { separator })[0] ?? [];
}

/** As {@linkcode splitRow}, but without fields if the quotes are wrong. */
export function fieldsOf(row: string, separator: string): readonly string[] {
  try {
    return splitRow(row, separator);
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

export function fieldCountProblem(count: number): string {
  return `expected ${FIELD_COUNT} fields but got ${count}`;
}

export class UnquotedRecord {
  readonly #bytes = new Uint8Array(MAX_PACKED_BET_BYTES + WORD_BYTES);
  readonly view: DataView = viewOf(this.#bytes);
  size = 0;

  /** Unquotes a line. Returns why it cannot be sent, or "". */
  unquote(line: Uint8Array, separator: string): string {
    try {
      const fields = splitRow(DECODER.decode(line), separator);
      if (fields.length !== FIELD_COUNT) {
        return fieldCountProblem(fields.length);
      }
      let end = 0;
      for (const field of fields) end = packField(this.#bytes, end, field);
      this.size = end;
    } catch (error) {
      if (error instanceof SyntaxError) return QUOTES_PROBLEM;
      if (error instanceof RangeError) return messageOf(error);
      throw error;
    }
    // In a frame, five empty fields mean a gap.
    return isGap(this.#bytes, 0) ? "all fields are empty" : "";
  }
}
