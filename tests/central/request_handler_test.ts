import { assertEquals } from "@std/assert";
import { Draw } from "../../central/draw.ts";
import { RequestHandler } from "../../central/request_handler.ts";
import { Statistics } from "../../central/statistics.ts";
import type { Connection } from "../../net/connection.ts";
import { HEADER_BYTES } from "../../protocol/mod.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { betFrame } from "../support/frames.ts";
import { rows } from "../support/rows.ts";
import "../support/sanitized.ts";

Deno.test("handleBatch() counts bets before the store reuses their buffer", async () => {
  const log = CapturedLog.start();
  const payload = betFrame({ rows: rows(3) }).subarray(HEADER_BYTES);
  const append = () => {
    // The next frame is read into the same buffer while the store works.
    payload.fill(0xff);
    return Promise.resolve(0);
  };
  const handler = new RequestHandler({} as Connection, {
    store: {
      writer: () => ({ append, [Symbol.dispose]: () => {} }),
      finish: () => Promise.resolve(),
    },
    draw: new Draw({
      winners: () => [],
      draw: { agencies: 0, isHeld: false, held: new Promise(() => {}) },
    }),
    ip: "192.0.2.1",
    statistics: new Statistics(),
    ending: new AbortController().signal,
  });
  await handler.handleBatch(payload);
  const line = log.lines.find((line) => line.includes("apuesta_recibida"));
  assertEquals(line?.match(/cantidad: \d+/)?.[0], "cantidad: 3");
});
