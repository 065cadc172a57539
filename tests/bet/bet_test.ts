import { assertEquals, assertThrows } from "@std/assert";
import {
  type Bet,
  FIELD_KEYS,
  packBets,
  packedBetStart,
  unpackBets,
} from "../../bet/bet.ts";
import { Random, randomBets, SEED } from "../support/random_bets.ts";

const BET: Bet = {
  firstName: "Ñata",
  lastName: "Gil",
  document: "30904465",
  birthdate: "1999-03-17",
  number: "7574",
};
const PACKED_HEX = "05c391617461" + "0347696c" + "083330393034343635" +
  "0a313939392d30332d3137" + "0437353734";

Deno.test("packBets() writes a length byte and UTF-8 for each field", () => {
  assertEquals(packBets([BET]).toHex(), PACKED_HEX);
  assertEquals(packBets([BET, BET]).toHex(), PACKED_HEX + PACKED_HEX);
  assertEquals(packBets([]).length, 0);
});

Deno.test("packBets() throws on a field of 256 bytes", () => {
  for (const key of FIELD_KEYS) {
    for (const text of ["x".repeat(256), "ñ".repeat(128)]) {
      assertThrows(
        () => packBets([{ ...BET, [key]: text }]),
        RangeError,
        "longer than 255 bytes",
      );
    }
  }
});

Deno.test("unpackBets() throws on a bet cut at any byte, and says where", () => {
  const packed = packBets([BET, BET]);
  const size = packed.length / 2;
  for (let length = 1; length < size; length++) {
    assertThrows(
      () => unpackBets(packed.subarray(0, size + length)),
      RangeError,
      `Cannot unpack bet at byte ${size}: it is cut off`,
    );
  }
});

Deno.test("unpackBets() puts U+FFFD where a byte is not UTF-8", () => {
  const packed = packBets([BET]);
  packed[1] = 0xff;
  packed[2] = 0x41;
  assertEquals(unpackBets(packed)[0]!.firstName, "\ufffdAata");
});

Deno.test("unpackBets() keeps a U+FEFF at the start of a field", () => {
  const bet = { ...BET, firstName: "\ufeffAna" };
  assertEquals(unpackBets(packBets([bet])), [bet]);
});

Deno.test("packedBetStart() finds each bet and the end", () => {
  const packed = packBets([BET, { ...BET, firstName: "" }, BET]);
  const size = PACKED_HEX.length / 2;
  assertEquals(
    [0, 1, 2, 3].map((index) => packedBetStart(packed, index)),
    [0, size, 2 * size - 5, packed.length],
  );
});

Deno.test(`unpackBets() returns what packBets() packed (seed ${SEED})`, () => {
  for (const bet of randomBets(new Random(SEED), 1_000)) {
    assertEquals(unpackBets(packBets([bet, BET])), [bet, BET]);
  }
});
