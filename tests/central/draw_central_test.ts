import { assertEquals, assertStringIncludes } from "@std/assert";
import { connect } from "node:net";
import { askWinners, betOf, finish, sendBets } from "../support/draw_wire.ts";
import { agencyFrame, Type } from "../support/frames.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { testInFolder } from "../support/folder.ts";
import { FileStore } from "../../server.ts";
import { listen, testServed as test, WAITS } from "../support/served.ts";
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

const AWAY = "Cannot send agency 1 its winners: it disconnected";
const QUERY = agencyFrame(Type.WINNERS_QUERY, 1);

/** The ways in which a waiting agency leaves, and the log line for each. */
const DEPARTURES: Record<string, [(wire: Wire) => Promise<void>, string]> = {
  "closes": [(wire) => Promise.resolve(wire.close()), AWAY],
  "closes its sending side": [(wire) => wire.closeWrite(), AWAY],
  "sends on and on": [
    // The central closes the connection before all is sent.
    (wire) => wire.send(...Array(10_000).fill(QUERY)).catch(() => {}),
    "or sent too much while it waited",
  ],
};

for (const [what, [leave, reason]] of Object.entries(DEPARTURES)) {
  test(
    `the central frees the place of an agency that waits for the draw and ${what}`,
    async ({ port, log }) => {
      using wire = await Wire.connect(port);
      await wire.send(QUERY);
      await log.line(WAITS);
      await leave(wire);
      assertStringIncludes(await log.line("close_connection"), reason);
      await sendBets(port, 1, [betOf("1")]);
      await log.line("close_connection", 2);
      await finish(port, 1);
      await log.line("close_connection", 3);
      await askWinners(port, 1);
    },
    { drawAgencies: 1, maxConnections: 1 },
  );
}

test(
  "the central frees the place of an agency that resets while it waits for the draw",
  async ({ port, log }) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(QUERY));
    await log.line(WAITS);
    socket.resetAndDestroy();
    assertStringIncludes(
      await log.line("close_connection"),
      "Connection reset",
    );
    await sendBets(port, 1, [betOf("1")]);
  },
  { drawAgencies: 1, maxConnections: 1 },
);
