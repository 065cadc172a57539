import { assertEquals } from "@std/assert";
import {
  askWinners,
  betOf,
  finish,
  readWinners,
  sendBets,
} from "../support/draw_wire.ts";
import { agencyFrame, betFrame, Type } from "../support/frames.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { testInFolder } from "../support/folder.ts";
import { FileStore } from "../../server.ts";
import { listen, testServed, WAITS } from "../support/served.ts";
import "../support/watchdog.ts";
import { Wire } from "../support/wire.ts";

testInFolder(
  "the central warns at each start of agencies that the draw leaves out",
  async (dir) => {
    const file = `${dir}/bets.csv`;
    const start = async (
      drawAgencies: number,
      agencies: readonly number[] = [],
    ): Promise<string[]> => {
      const log = CapturedLog.start();
      await using store = await FileStore.open(file, { drawAgencies });
      await using central = listen(store);
      for (const agency of agencies) {
        await sendBets(central.port, agency, [betOf("1")]);
        if (agency < 5) await finish(central.port, agency);
      }
      return log.lines.filter((line) => line.startsWith("WARN"));
    };
    assertEquals(await start(0, [1, 3, 7]), []);
    const line = (agencies: number, leftOut: string, least: number): string =>
      `WARN action: check_draw | result: fail | agencies: ${agencies} | left_out: ${leftOut} | reason: these have bets or have finished, but will take no part in the draw | hint: set draw.agencies to ${least} or more before the others have finished`;
    for (let again = 0; again < 2; again++) {
      assertEquals(await start(2), [line(2, "3, 7", 7)]);
    }
    assertEquals(await start(6), [line(6, "7", 7)]);
    assertEquals(await start(7, [5, 6]), []);
    assertEquals(await start(0, [8, 9]), []);
    assertEquals(await start(2), [line(2, "3, 5, 6, 7, 8 and 1 more", 9)]);
    // It has just been held, or was before.
    assertEquals(await start(2, [2]), [line(2, "3, 5, 6, 7, 8 and 1 more", 9)]);
    assertEquals(await start(2), []);
  },
  ["net"],
);

testServed(
  "the central logs an agency that asks for another's winners",
  async (served) => {
    const { port } = served;
    await sendBets(port, 2, [betOf("22")]);
    using wire = await Wire.connect(port);
    await wire.ask(betFrame({ agency: 1, rows: [betOf("11")] }));
    await wire.send(agencyFrame(Type.WINNERS_QUERY, 2));
    await served.log.line(WAITS);
    await finish(port, 1);
    await finish(port, 2);
    assertEquals(await readWinners(wire), [["22"]]);
    await wire.send(agencyFrame(Type.WINNERS_QUERY, 1));
    assertEquals(await readWinners(wire), [["11"]]);
    assertEquals(await askWinners(port, 1), ["11"]);
    assertEquals(served.log.linesWith("consulta_ganadores"), [
      "WARN action: consulta_ganadores | result: in_progress | agency: 2 | connection_agency: 1 | ip: 127.0.0.1",
      "WARN action: consulta_ganadores | result: success | agency: 2 | cant_ganadores: 1 | connection_agency: 1 | ip: 127.0.0.1",
      "INFO action: consulta_ganadores | result: success | agency: 1 | cant_ganadores: 1 | connection_agency: 1 | ip: 127.0.0.1",
      "INFO action: consulta_ganadores | result: success | agency: 1 | cant_ganadores: 1 | ip: 127.0.0.1",
    ]);
  },
  { drawAgencies: 2 },
);
