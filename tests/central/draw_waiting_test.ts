import { assertEquals } from "@std/assert";
import { betOf, finish, readWinners, sendBets } from "../support/draw_wire.ts";
import { agencyFrame, betFrame, Code, Type } from "../support/frames.ts";
import { askEarly, testServed as test, WAITS } from "../support/served.ts";
import "../support/watchdog.ts";
import { Wire } from "../support/wire.ts";

test(
  "the central does not treat a waiting agency as idle",
  async ({ port, log }) => {
    await sendBets(port, 1, [betOf("1")]);
    using waiting = await Wire.connect(port);
    await waiting.send(agencyFrame(Type.WINNERS_QUERY, 1));
    await log.line(WAITS);
    for (let count = 1; count <= 3; count++) {
      using silent = await Wire.connect(port);
      await silent.closed();
      await log.line("idle for 100 ms", count);
    }
    await finish(port, 1);
    assertEquals(await readWinners(waiting), [["1"]]);
    // From here on it is a normal connection.
    await waiting.closed();
  },
  { drawAgencies: 1, idleTimeoutMs: 100 },
);

test(
  "after the draw, the central answers frames that came while the agency waited",
  async ({ port, log }) => {
    using wire = await Wire.connect(port);
    await wire.send(
      betFrame({ rows: [betOf("1")] }),
      agencyFrame(Type.WINNERS_QUERY, 1),
      betFrame({ rows: [betOf("1")] }),
    );
    await wire.ok();
    await log.line(WAITS);
    await wire.send(
      betFrame({ betIndex: 1, rows: [betOf("2")] }),
      agencyFrame(Type.WINNERS_QUERY, 2),
    );
    await finish(port, 1);
    assertEquals(await readWinners(wire), [["1"]]);
    await wire.ok();
    assertEquals((await wire.refusal()).code, Code.BETTING_CLOSED);
    assertEquals((await wire.refusal()).code, Code.UNKNOWN_AGENCY);
  },
  { drawAgencies: 1 },
);

test(
  "the central answers a crowd that waits with SHUTTING_DOWN when it stops",
  async ({ port, log, stop }) => {
    const agencies = Array.from({ length: 70 }, (_, i) => i + 1);
    const waiting = await askEarly({ port, log }, agencies);
    const stopping = stop();
    for (const wire of waiting) {
      assertEquals((await wire.refusal()).code, Code.SHUTTING_DOWN);
      await wire.closed();
      wire.close();
    }
    await stopping;
  },
  { drawAgencies: 70 },
);

test(
  "the central stops though an agency does not read its long list",
  async ({ port, log, stop }) => {
    await finish(port, 1);
    using wire = await Wire.connect(port);
    await wire.send(agencyFrame(Type.WINNERS_QUERY, 1));
    await log.line("consulta_ganadores | result: success");
    await stop();
    assertEquals(
      log.lines.at(-1)?.split(" |")[0],
      "ERROR action: close_connection",
    );
  },
  {
    drawAgencies: 1,
    wrapStore: (store) =>
      Object.create(store, {
        draw: { value: store.draw },
        writer: { value: () => store.writer() },
        finish: { value: store.finish.bind(store) },
        // More than the system takes for a peer that does not read.
        winners: { value: () => Array(1_500_000).fill("12345678") },
      }),
  },
);
