import { assert, assertEquals, assertThrows } from "@std/assert";
import { BatchFrame, decodeBatch, encodeBatch } from "../../protocol/mod.ts";
import {
  type Bet,
  packBets,
  packedBetStart,
  unpackBets,
} from "../../bet/bet.ts";
import { HEADER_BYTES, MAX_FRAME_BYTES } from "../../protocol/mod.ts";
import { batchOf, FINGERPRINT, numberedBatch } from "../support/batches.ts";
import { Random, randomBets, SEED } from "../support/random_bets.ts";

const BETS_AT = 18;
const BET: Bet = {
  firstName: "Ñata",
  lastName: "Gil",
  document: "30904465",
  birthdate: "1999-03-17",
  number: "7574",
};
function payloadOf(frame: Uint8Array): Uint8Array {
  return frame.subarray(HEADER_BYTES);
}

Deno.test("decodeBatch() accepts the largest value of each number", () => {
  const batch = {
    ...batchOf([BET], 0xffffffff),
    agency: 0xffffffff,
    fingerprint: "ffffffffffffffff",
  };
  assertEquals(decodeBatch(payloadOf(encodeBatch(batch))), batch);
});

Deno.test("decodeBatch() does not check the content of fields", () => {
  const batch = numberedBatch(0, 1);
  for (const bet of ["01ff 0100 010a 0122 012c", "00 0141 00 00 00"]) {
    batch.bets = Uint8Array.fromHex(bet.replaceAll(" ", ""));
    assertEquals(decodeBatch(payloadOf(encodeBatch(batch))), batch);
  }
});

Deno.test("decodeBatch() takes gaps between bets", () => {
  const gap = "0000000000";
  const bet = "01410142" + "0131" + "0a" + "393939392d39392d3939" + "0131";
  for (const places of [[bet, gap], [gap, bet], [bet, gap, gap, bet]]) {
    const batch = {
      ...numberedBatch(0, places.length),
      betCount: places.filter((one) => one === bet).length,
      bets: Uint8Array.fromHex(places.join("")),
    };
    assertEquals(decodeBatch(payloadOf(encodeBatch(batch))), batch);
  }
});

Deno.test("encodeBatch() fills a frame to its last byte and not past it", () => {
  const bets = numberedBatch(0, 300).bets;
  const count = 220;
  const filled = bets.subarray(0, packedBetStart(bets, count));
  const left = MAX_FRAME_BYTES - HEADER_BYTES - BETS_AT - filled.length;
  const fields = { firstName: "", lastName: "", document: "", birthdate: "" };
  const last = packBets([{ ...fields, number: "9".repeat(left - 5) }]);
  const batch = {
    agency: 1,
    fingerprint: FINGERPRINT,
    betIndex: 0,
    bets: Uint8Array.from([...filled, ...last]),
  };
  const frame = encodeBatch(batch);
  assertEquals(frame.length, 8192);
  assertEquals(decodeBatch(payloadOf(frame)), {
    ...batch,
    count: count + 1,
    betCount: count + 1,
  });

  const longer = packBets([{ ...fields, number: "9".repeat(left - 4) }]);
  batch.bets = Uint8Array.from([...filled, ...longer]);
  assertThrows(() => encodeBatch(batch), RangeError, "past the frame's 8192");
});

Deno.test("encodeBatch() throws on a bet cut at any byte", () => {
  const batch = batchOf([BET, BET]);
  const { bets } = batch;
  for (let size = bets.length / 2 + 1; size < bets.length; size++) {
    batch.bets = bets.subarray(0, size);
    assertThrows(
      () => encodeBatch(batch),
      RangeError,
      `Cannot encode batch: the bet at byte ${bets.length / 2} is cut off`,
    );
  }
});

Deno.test("BatchFrame can be reused without a trace of the previous batch", () => {
  const frame = new BatchFrame();
  frame.begin({ agency: 9, fingerprint: "ffffffffffffffff", betIndex: 99 });
  bytesOf(frame).fill(0xff, frame.end);
  frame.add(3_000);
  assertEquals([frame.count, frame.end], [1, 3_023]);
  frame.finish();

  const batch = batchOf([BET, BET], 5);
  frame.begin(batch);
  assertEquals([frame.count, frame.end], [0, 23]);
  for (const bet of unpackBets(batch.bets)) {
    const packed = packBets([bet]);
    bytesOf(frame).set(packed, frame.end);
    frame.add(packed.length);
  }
  assertEquals(frame.count, 2);
  assertEquals(frame.finish(), encodeBatch(batch));
});

Deno.test("BatchFrame.hasRoom() says what fits, to the byte", () => {
  const frame = new BatchFrame();
  frame.begin(batchOf([]));
  assertEquals(frame.hasRoom(8192 - 23), true);
  assertEquals(frame.hasRoom(8192 - 22), false);
  frame.add(100);
  assertEquals(frame.hasRoom(8192 - 123), true);
  assertEquals(frame.hasRoom(8192 - 122), false);
});

Deno.test(`decodeBatch() returns what encodeBatch() wrote (seed ${SEED})`, () => {
  const random = new Random(SEED);
  for (let round = 0; round < 200; round++) {
    const bets = randomBets(random, 1 + random.below(12));
    const batch = batchOf(bets, random.below(2 ** 32), {
      agency: 1 + random.below(2 ** 32 - 1),
      fingerprint: random.bytes(8).toHex(),
    });
    // At any offset of a larger buffer.
    const frame = encodeBatch(batch);
    const buffer = new Uint8Array(frame.length + 10);
    buffer.set(payloadOf(frame), 7);
    const payload = buffer.subarray(7, 7 + frame.length - HEADER_BYTES);
    const decoded = decodeBatch(payload);
    assertEquals(decoded, batch);
    assertEquals(unpackBets(decoded.bets), bets);
    assert(decoded.bets.buffer === buffer.buffer, "a copy, not a view");
  }
});

function bytesOf({ view }: BatchFrame): Uint8Array {
  return new Uint8Array(view.buffer);
}
