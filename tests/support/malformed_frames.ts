// Frames that no agency should send, and their replies by docs/protocol.md.

import { assertEquals } from "@std/assert";
import { FIELD_KEYS } from "../../bet/bet.ts";
import { BAD_FIELDS } from "./bad_fields.ts";
import {
  betFrame,
  type BetRow,
  Code,
  concat,
  frame,
  NO_INDEX,
  type RawRow,
  readError,
  Type,
} from "./frames.ts";
import type { Random } from "./random_bets.ts";
import { randomRow, randomRows } from "./made_bets.ts";
import type { Wire } from "./wire.ts";

/** Bytes to send, and the expected reply. */
export interface MalformedFrame {
  /** The bytes; nothing is sent after them. */
  bytes: Uint8Array;
  /** Code and index of the ERROR; `undefined` if any ERROR or none is right. */
  error?: { code: number; index: number };
}

const UNKNOWN_TYPES = [0, 2, 3, 6, 8, 128, 255];
const MAX_BETS = 12;

const NOT_UTF8 = [[0xff], [0x41, 0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80]]
  .map((bytes) => Uint8Array.from(bytes));
/** Values that break each rule, by field. */
const BAD_VALUES: readonly (readonly (string | Uint8Array)[])[] = FIELD_KEYS
  .map((field) => [
    ...BAD_FIELDS.flatMap(([key, , texts]) => key === field ? texts : []),
    ...NOT_UTF8,
  ]);
/** A bet that no change of a single byte makes valid. */
const HOPELESS_ROW: BetRow = ["", "\n", "x", "never", "-"];

/** Draws a malformed frame. */
export function randomMalformed(random: Random): MalformedFrame {
  switch (random.below(8)) {
    case 0:
      return { bytes: random.bytes(random.between(1, 64)) };
    case 1:
      return { bytes: changedFrame(random) };
    case 2:
      return { bytes: tornFrame(random) };
    case 3:
      return lyingCount(random);
    case 4:
      return tooLarge(random.below(256), random.between(8188, 2 ** 32 - 1));
    case 5:
      return unknownType(
        random.pick(UNKNOWN_TYPES),
        random.bytes(random.below(200)),
      );
    default:
      return randomInvalidBet(random);
  }
}

/**
 * Sends a frame and asserts the reply. Returns true if the connection stays
 * open.
 */
export async function askMalformed(
  wire: Wire,
  { bytes, error }: MalformedFrame,
): Promise<boolean> {
  await wire.send(bytes);
  if (error) {
    const { code, index } = readError(await wire.reply());
    assertEquals({ code, index }, error, bytes.toHex());
    if (code === Code.INVALID_BET) return true;
    assertEquals(await wire.reply(), null, bytes.toHex());
    return false;
  }
  await wire.closeWrite();
  for (;;) {
    const reply = await wire.reply();
    if (!reply) return false;
    assertEquals(reply.type, Type.ERROR, bytes.toHex());
  }
}

/** One bad field among valid bets. */
function randomInvalidBet(random: Random): MalformedFrame {
  const field = random.below(BAD_VALUES.length);
  const value = random.happens(0.5)
    ? random.pick(BAD_VALUES[field]!)
    // 0xff occurs neither in UTF-8 nor as a digit.
    : concat([random.bytes(random.below(200)), Uint8Array.of(0xff)]);
  return invalidBet(random, field, value);
}

function invalidBet(
  random: Random,
  field: number,
  value: string | Uint8Array,
): MalformedFrame {
  const bad: (string | Uint8Array)[] = [...randomRow(random)];
  bad[field] = value;
  const before: RawRow[] = randomRows(random, random.below(MAX_BETS));
  const after: RawRow[] = randomRows(random, random.below(MAX_BETS));
  return {
    bytes: betFrame({ rows: [...before, bad, ...after] }),
    error: { code: Code.INVALID_BET, index: before.length },
  };
}

/** A frame with one changed byte; no change of a byte makes it valid. */
function changedFrame(random: Random): Uint8Array {
  const size = random.between(2, MAX_BETS);
  const bytes = betFrame({ rows: Array(size).fill(HOPELESS_ROW) });
  bytes[random.below(bytes.length)] = random.below(256);
  // Without credentials, an AUTH is answered with OK.
  if (bytes[0] === Type.AUTH) bytes[0] = Type.BET;
  return bytes;
}

function tornFrame(random: Random): Uint8Array {
  const rows = randomRows(random, random.between(1, MAX_BETS));
  const bytes = betFrame({ rows });
  return bytes.subarray(0, random.between(1, bytes.length - 1));
}

function lyingCount(random: Random): MalformedFrame {
  const size = random.between(1, MAX_BETS);
  const lie = random.between(1, 2 ** 16 - 1);
  const count = (size + lie) % 2 ** 16;
  return malformed(betFrame({ rows: randomRows(random, size), count }));
}

function malformed(bytes: Uint8Array): MalformedFrame {
  return { bytes, error: { code: Code.MALFORMED, index: NO_INDEX } };
}

function tooLarge(type: number, length: number): MalformedFrame {
  return {
    bytes: frame(type, new Uint8Array(0), length),
    error: { code: Code.TOO_LARGE, index: NO_INDEX },
  };
}

function unknownType(type: number, payload: Uint8Array): MalformedFrame {
  return {
    bytes: frame(type, payload),
    error: { code: Code.UNKNOWN_TYPE, index: NO_INDEX },
  };
}
