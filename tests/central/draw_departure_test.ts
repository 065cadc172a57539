import { assertStringIncludes } from "@std/assert";
import { connect } from "node:net";
import { askWinners, betOf, finish, sendBets } from "../support/draw_wire.ts";
import { agencyFrame, Type } from "../support/frames.ts";
import { testServed, WAITS } from "../support/served.ts";
import "../support/watchdog.ts";
import { Wire } from "../support/wire.ts";

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
  testServed(
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

testServed(
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
