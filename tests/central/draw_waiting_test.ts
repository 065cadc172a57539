import { assertEquals, assertLess } from "@std/assert";
import { FileStore } from "../../storage/mod.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { betOf, finish, readWinners, sendBets } from "../support/draw_wire.ts";
import { testInFolder } from "../support/folder.ts";
import { agencyFrame, betFrame, Code, Type } from "../support/frames.ts";
import {
  askEarly,
  listen,
  testServed as test,
  WAITS,
} from "../support/served.ts";
import "../support/watchdog.ts";
import { Wire } from "../support/wire.ts";
import { replace } from "../support/replaced.ts";

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

testInFolder(
  "waiting agencies get SHUTTING_DOWN, and their winners after the restart",
  async (dir) => {
    const log = CapturedLog.start();
    for (let life = 1; life <= 3; life++) {
      await using store = await FileStore.open(`${dir}/bets.csv`, {
        drawAgencies: 3,
      });
      await using central = listen(store);
      const { port } = central;
      await sendBets(port, life, [betOf(`${life}`)]);
      const waiting = await askEarly({ port, log }, [1, 2, 3]);
      await finish(port, life);
      if (life < 3) await central.stop();
      for (const [index, wire] of waiting.entries()) {
        if (life < 3) {
          assertEquals((await wire.refusal()).code, Code.SHUTTING_DOWN);
          await wire.closed();
        } else {
          assertEquals(await readWinners(wire), [[`${index + 1}`]]);
        }
        wire.close();
      }
    }
    assertEquals(log.linesWith("sorteo"), [
      "INFO action: sorteo | result: success | agencies: 3",
    ]);
  },
  ["net"],
);

test(
  "the central lets 200 agencies wait at once, without a timer for any of them",
  async ({ port, log }) => {
    const agencies = Array.from({ length: 200 }, (_, index) => index + 1);
    for (const agency of agencies.slice(0, -1)) {
      using wire = await Wire.connect(port);
      const rows = [betOf(`${agency}`), betOf("1", "1"), betOf(`0${agency}`)];
      await wire.ask(betFrame({ agency, rows }));
      await wire.ok(agencyFrame(Type.FINISH, agency));
    }
    const waiting = await askEarly({ port, log }, agencies);
    const timers = await timersDuring(async () => {
      await sendBets(port, 200, [betOf("200")]);
      await sendBets(port, 200, [betOf("0200")], 1);
    });
    assertLess(timers, 100);
    await finish(port, 200);
    await Promise.all(waiting.map(async (wire, index) => {
      const agency = agencies[index]!;
      assertEquals(await readWinners(wire), [[`${agency}`, `0${agency}`]]);
      wire.close();
    }));
    await log.line("consulta_ganadores | result: success", 200);
    assertEquals(log.linesWith("sorteo"), [
      "INFO action: sorteo | result: success | agencies: 200",
    ]);
  },
  { drawAgencies: 200, maxConnections: 300 },
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

/** Counts the timers that are set during a call. */
async function timersDuring(work: () => Promise<void>): Promise<number> {
  const { setTimeout, setInterval } = globalThis;
  let count = 0;
  function counting<A extends unknown[], R>(set: (...args: A) => R) {
    return (...args: A): R => {
      count++;
      return set(...args);
    };
  }
  using _timers = replace(globalThis, {
    setTimeout: counting(setTimeout),
    setInterval: counting(setInterval),
  });
  await work();
  return count;
}
