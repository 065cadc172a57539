// Encodes bets as the CSV of an agency's file, for programs without a file.

import { type Bet, FIELD_KEYS } from "../bet/bet.ts";
import { ProgramError } from "../program/errors.ts";

const NEEDS_QUOTES_REGEXP = /[",]/;
const LINE_BREAK_REGEXP = /[\r\n]/;
const CHUNK_CHARS = 1 << 16;

/** Encodes one bet per line. */
export function encodeCsv(
  bets: Iterable<Bet> | AsyncIterable<Bet>,
): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunksOf(bets));
}

async function* chunksOf(
  bets: Iterable<Bet> | AsyncIterable<Bet>,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let text = "";
  let index = 0;
  for await (const bet of bets) {
    text += `${FIELD_KEYS.map((key) => quoted(bet[key], index)).join()}\n`;
    index++;
    if (text.length < CHUNK_CHARS) continue;
    yield encoder.encode(text);
    text = "";
  }
  yield encoder.encode(text);
}

function quoted(field: string, index: number): string {
  if (LINE_BREAK_REGEXP.test(field)) {
    throw new ProgramError(
      `Cannot send bet ${index}: a field has a line break, expected none`,
    );
  }
  return NEEDS_QUOTES_REGEXP.test(field)
    ? `"${field.replaceAll('"', '""')}"`
    : field;
}
