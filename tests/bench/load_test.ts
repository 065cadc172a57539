import { assertEquals, assertThrows } from "@std/assert";
import { quantile } from "../../bench/load/main.ts";
import { WIRES } from "../../bench/load/wire.ts";
import { decodeBatch, HEADER_BYTES, OK_FRAME } from "../../protocol/mod.ts";
import { concat } from "../support/frames.ts";

const ROWS = ["Ana,Peña,30904465,1999-03-17,7574", "Luz,Paz,20,2000-01-01,1"];
const encoder = new TextEncoder();

Deno.test("quantile() is the nearest rank", () => {
  const sorted = Float64Array.from({ length: 200 }, (_, i) => i + 1);
  assertEquals(quantile(sorted, 0.5), 100);
  assertEquals(quantile(sorted, 0.99), 198);
  assertEquals(quantile(sorted, 1), 200);
  assertEquals(quantile(sorted.subarray(0, 1), 0.5), 1);
});

Deno.test("WIRES.central encodes a BET for any agency", () => {
  const request = WIRES.central.encode(ROWS, 150);
  WIRES.central.address(request, 70_000);
  const batch = decodeBatch(request.subarray(HEADER_BYTES));
  assertEquals([batch.agency, batch.betIndex, batch.count], [70_000, 150, 2]);
});

Deno.test("WIRES.redis encodes an RPUSH into the agency's key", () => {
  const request = WIRES.redis.encode(ROWS, 150);
  WIRES.redis.address(request, 42);
  assertEquals(
    new TextDecoder().decode(request).split("\r\n"),
    [
      ...["*4", "$5", "RPUSH", "$10", "bets:00042"],
      ...["$34", ROWS[0]!, "$23", ROWS[1]!, ""],
    ],
  );
});

const REPLIES = {
  central: concat([OK_FRAME, OK_FRAME, OK_FRAME]),
  redis: encoder.encode(":150\r\n:300\r\n:450\r\n"),
};

for (const name of ["central", "redis"] as const) {
  Deno.test(`WIRES.${name} counts replies wherever they are cut`, () => {
    const replies = REPLIES[name];
    for (let cut = 0; cut <= replies.length; cut++) {
      const count = WIRES[name].countReplies();
      const before = count(replies.subarray(0, cut));
      assertEquals(before + count(replies.subarray(cut)), 3, `cut at ${cut}`);
    }
  });
}

Deno.test("WIRES throw on a reply that reports an error", () => {
  const error = Uint8Array.of(3, 0, 0, 0, 6);
  assertThrows(() => WIRES.central.countReplies()(error), Error, "is not OK");
  const misconf = encoder.encode("-MISCONF disk full\r\n");
  assertThrows(() => WIRES.redis.countReplies()(misconf), Error, "disk full");
});
