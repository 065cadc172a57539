import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "@std/csv";
import type { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { type Bet, packBets, unpackBets } from "../../bet/bet.ts";
import { findInvalidBet } from "../../bet/rules.ts";
import { viewOf } from "../../bytes/swar.ts";
import protocolPage from "../../docs/protocol.md" with { type: "text" };
import {
  decodeAgency,
  decodeAuth,
  decodeBatch,
  decodeError,
  decodeFinish,
  decodeOk,
  decodeWinners,
  encodeAuth,
  encodeBatch,
  encodeError,
  encodeFinish,
  encodeOk,
  encodeWinners,
  encodeWinnersQuery,
  ERRORS,
  frameSize,
  HEADER_BYTES,
  MAX_FRAME_BYTES,
  MAX_PAYLOAD_BYTES,
  MessageType,
  OK_FRAME,
} from "../../protocol/mod.ts";
import { hexExample, parseHexDump } from "../support/hex_dump.ts";
import { fencedBlocks, tableRows } from "../support/markdown.ts";

const PROTOCOL_BLOCKS = fencedBlocks(protocolPage);
const NUMBER_NOTE_REGEXP = / = (\d+)$/;

const ANGELA: Bet = {
  firstName: "Ángela",
  lastName: "Ñandú",
  document: "30904465",
  birthdate: "1999-03-17",
  number: "2201",
};
const ANA: Bet = {
  firstName: "Ana",
  lastName: "Gil, hija",
  document: "00123456",
  birthdate: "2000-02-29",
  number: "7574",
};
function example(info: string): Uint8Array {
  return hexExample(PROTOCOL_BLOCKS, info);
}

function sha256(content: string | Uint8Array): Buffer {
  return createHash("sha256").update(content).digest();
}

function payloadOf(frame: Uint8Array): Uint8Array {
  return frame.subarray(HEADER_BYTES);
}

Deno.test("docs/protocol.md has an example of every message, framed as it says", () => {
  for (const [name, type] of Object.entries(MessageType)) {
    const frame = example(`hex ${name}`);
    assertEquals(frame[0], type, name);
    assertEquals(frameSize(viewOf(frame), 0), frame.length, name);
  }
});

Deno.test("docs/protocol.md describes the bytes of each line of an example", () => {
  for (const [info, text] of PROTOCOL_BLOCKS) {
    if (!info.startsWith("hex ")) continue;
    for (const { bytes, note } of parseHexDump(text)) {
      assert(note !== "", `a line without a note in ${info}`);
      const number = NUMBER_NOTE_REGEXP.exec(note)?.[1];
      if (number !== undefined) {
        assertEquals(BigInt(`0x${bytes.toHex()}`), BigInt(number), note);
      } else if (note.startsWith('"')) {
        assertEquals(
          new TextDecoder().decode(textBytes(info, bytes)),
          JSON.parse(note),
        );
      }
    }
  }
});

/** Every text has a length byte before it, except a reason and a token. */
function textBytes(info: string, bytes: Uint8Array): Uint8Array {
  if (info === "hex ERROR" || info === "hex AUTH") return bytes;
  assertEquals(bytes[0], bytes.length - 1, `length byte in ${info}`);
  return bytes.subarray(1);
}

Deno.test("docs/protocol.md shows the BET of the file that it shows", () => {
  const frame = example("hex BET");
  const file = PROTOCOL_BLOCKS.get("csv agency-3.csv")!;
  const batch = decodeBatch(payloadOf(frame));
  assertEquals({ ...batch, bets: unpackBets(batch.bets) }, {
    agency: 3,
    fingerprint: sha256(sha256(file)).toString("hex").slice(0, 16),
    betIndex: 0,
    count: 2,
    betCount: 2,
    bets: [ANGELA, ANA],
  });
  assertEquals(parse(file), [ANGELA, ANA].map((bet) => Object.values(bet)));
  assertEquals(encodeBatch(batch).toHex(), frame.toHex());
});

const REFUSED = {
  error: "INVALID_BET",
  ...findInvalidBet(packBets([ANGELA, { ...ANA, birthdate: "2000-02-30" }]))!,
} as const;
const FINGERPRINT = decodeBatch(payloadOf(example("hex BET"))).fingerprint;

/** Each example, how its message is read and written, and what it says. */
const EXAMPLES: [
  info: string,
  decode: (payload: Uint8Array) => unknown,
  frame: Uint8Array,
  message: unknown,
][] = [
  exampleOf("hex AUTH", decodeAuth, encodeAuth, {
    agency: 3,
    token: new TextEncoder().encode("un token mas"),
  }),
  exampleOf("hex OK", decodeOk, () => OK_FRAME, 0),
  exampleOf("hex OK repeated", decodeOk, encodeOk, 2),
  exampleOf("hex ERROR", decodeError, encodeError, REFUSED),
  exampleOf("hex FINISH", decodeFinish, encodeFinish, { agency: 3 }),
  exampleOf("hex FINISH checked", decodeFinish, encodeFinish, {
    agency: 3,
    delivery: { fingerprint: FINGERPRINT, records: 2 },
  }),
  exampleOf("hex WINNERS_QUERY", decodeAgency, encodeWinnersQuery, 3),
  ...([
    ["hex WINNERS", [ANA.document]],
    ["hex WINNERS none", []],
  ] as const).map(([info, documents]) =>
    exampleOf(info, decodeWinners, () => encodeWinners(documents)[0]!, {
      isLast: true,
      documents: [...documents],
    })
  ),
];

function exampleOf<T>(
  info: string,
  decode: (payload: Uint8Array) => unknown,
  encode: (message: T) => Uint8Array,
  message: T,
): typeof EXAMPLES[number] {
  return [info, decode, encode(message), message];
}

for (const [info, decode, frame, message] of EXAMPLES) {
  Deno.test(`docs/protocol.md shows ${info.slice("hex ".length)} as it is sent`, () => {
    assertEquals(decode(payloadOf(example(info))), message);
    assertEquals(frame.toHex(), example(info).toHex());
  });
}

Deno.test("docs/protocol.md shows a BET with a gap", () => {
  const frame = example("hex BET gap");
  const batch = decodeBatch(payloadOf(frame));
  assertEquals([batch.count, batch.betCount], [3, 2]);
  assertEquals(findInvalidBet(batch.bets), undefined);
  assertEquals(encodeBatch(batch).toHex(), frame.toHex());
});

Deno.test("docs/protocol.md lists the messages, the codes and their effects", () => {
  assertEquals(
    tableRows(protocolPage, "type").map(([type, name]) => [name, Number(type)]),
    Object.entries(MessageType),
  );
  assertEquals(
    tableRows(protocolPage, "code").map((
      [code, name, , connection, again],
    ) => [name, Number(code), connection, again]),
    Object.entries(ERRORS).map(([name, { code, closes, retry }]) => [
      name,
      code,
      closes ? "closes" : "stays open",
      retry ? "later" : "no",
    ]),
  );
});

Deno.test("docs/protocol.md states the largest frame", () => {
  assertStringIncludes(protocolPage, `**${MAX_FRAME_BYTES} bytes**`);
  assertStringIncludes(protocolPage, `\`n\` is at most ${MAX_PAYLOAD_BYTES}`);
});
