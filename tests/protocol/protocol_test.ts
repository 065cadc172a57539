import { assertEquals, assertThrows } from "@std/assert";
import { viewOf } from "../../bytes/swar.ts";
import {
  decodeAgency,
  decodeAuth,
  decodeError,
  decodeFinish,
  decodeOk,
  encodeAuth,
  encodeError,
  encodeFinish,
  encodeFrame,
  encodeOk,
  encodeWinnersQuery,
  type ErrorName,
  ERRORS,
  frameSize,
  HEADER_BYTES,
  MAX_FRAME_BYTES,
  MAX_PAYLOAD_BYTES,
  meaningOf,
  type Refusal,
} from "../../protocol/mod.ts";
import { Random, randomBets, SEED } from "../support/random_bets.ts";

function payloadOf(frame: Uint8Array): Uint8Array {
  return frame.subarray(HEADER_BYTES);
}

Deno.test("meaningOf() takes an unknown error for the end of the connection", () => {
  assertEquals(meaningOf("ERROR_12"), { closes: true, retry: false });
  assertEquals(meaningOf("BUSY").retry, true);
});

Deno.test("decodeOk() returns what encodeOk() wrote", () => {
  for (const repeated of [0, 1, 256, 65535]) {
    assertEquals(decodeOk(payloadOf(encodeOk(repeated))), repeated);
  }
  assertEquals(encodeOk(258).toHex(), "02" + "00000002" + "0102");
});

Deno.test("decodeFinish() returns what encodeFinish() wrote, in both forms", () => {
  const delivery = { fingerprint: "0123456789abcdef", records: 0xfffffffe };
  const frame = encodeFinish({ agency: 258, delivery });
  assertEquals(
    frame.toHex(),
    "04" + "00000010" + "00000102" + "0123456789abcdef" + "fffffffe",
  );
  assertEquals(decodeFinish(payloadOf(frame)), { agency: 258, delivery });
  assertEquals(decodeFinish(payloadOf(encodeFinish({ agency: 7 }))), {
    agency: 7,
  });
});

Deno.test("encodeAuth() and decodeAuth() agree on the agency and the token", () => {
  const token = new TextEncoder().encode("ñ");
  const frame = encodeAuth({ agency: 258, token });
  assertEquals(frame.toHex(), "07" + "00000006" + "00000102" + "c3b1");
  assertEquals(decodeAuth(payloadOf(frame)), { agency: 258, token });
  for (const size of [1, 255]) {
    const payload = new Uint8Array(4 + size).fill(1);
    assertEquals(decodeAuth(payload).token.length, size);
  }
});

Deno.test("encodeFrame() frames payloads up to the limit", () => {
  assertEquals(encodeFrame(9, Uint8Array.of(0xab)).toHex(), "0900000001ab");
  const largest = encodeFrame(1, new Uint8Array(MAX_PAYLOAD_BYTES).fill(7));
  assertEquals(largest.length, 8192);
  assertEquals(largest.subarray(0, 6).toHex(), "0100001ffb07");
  assertThrows(
    () => encodeFrame(1, new Uint8Array(MAX_PAYLOAD_BYTES + 1)),
    RangeError,
    "its payload of 8188 bytes is over the 8187 allowed",
  );
});

Deno.test("frameSize() reads any declared length, at any offset", () => {
  const bytes = Uint8Array.fromHex("ffff" + "0100001ffb" + "04ffffffff");
  const view = viewOf(bytes.subarray(1));
  assertEquals(frameSize(view, 1), MAX_FRAME_BYTES);
  assertEquals(frameSize(view, 6), HEADER_BYTES + 0xffffffff);
});

Deno.test("decodeAgency() returns what encodeWinnersQuery() wrote", () => {
  for (const agency of [1, 5, 256, 0x80000000, 0xffffffff]) {
    assertEquals(decodeAgency(payloadOf(encodeWinnersQuery(agency))), agency);
  }
});

Deno.test("decodeError() accepts a reason cut at any byte", () => {
  const payload = payloadOf(
    encodeError({ error: "INVALID_BET", index: 2, reason: "aÑb" }),
  );
  const reasons = ["", "a", "a\ufffd", "aÑ", "aÑb"];
  for (const [cut, reason] of reasons.entries()) {
    assertEquals(
      decodeError(payload.subarray(0, 3 + cut)),
      { error: "INVALID_BET", index: 2, reason },
    );
  }
});

Deno.test("decodeError() accepts an unknown code", () => {
  assertEquals(
    decodeError(Uint8Array.fromHex("ff000078")),
    { error: "ERROR_255", index: 0, reason: "x" },
  );
});

Deno.test("encodeError() cuts a reason too long for a frame at a character", () => {
  const room = MAX_PAYLOAD_BYTES - 3;
  for (const character of ["x", "ñ", "€", "😀"]) {
    const size = new TextEncoder().encode(character).length;
    for (const lead of ["", "a", "ab", "abc"]) {
      const frame = encodeError({
        error: "INVALID_BET",
        index: 0,
        reason: lead + character.repeat(room),
      });
      const fitting = Math.floor((room - lead.length) / size);
      assertEquals(
        frame.length,
        HEADER_BYTES + 3 + lead.length + fitting * size,
      );
      assertEquals(
        decodeError(payloadOf(frame)).reason,
        lead + character.repeat(fitting),
      );
    }
  }
});

Deno.test(`decodeError() returns what encodeError() wrote (seed ${SEED})`, () => {
  const random = new Random(SEED);
  for (const { lastName } of randomBets(random, 500)) {
    const names = Object.keys(ERRORS) as ErrorName[];
    const refusal: Refusal<ErrorName> = {
      error: names[random.below(names.length)]!,
      index: random.below(65536),
      // The decoder would take a leading U+FEFF for a byte order mark.
      reason: `Cannot take bet: "${lastName}"`,
    };
    assertEquals(decodeError(payloadOf(encodeError(refusal))), refusal);
  }
});
