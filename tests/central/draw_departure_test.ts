import { assertEquals, assertStringIncludes } from "@std/assert";
import type { ByteStream } from "../../net/byte_channel.ts";
import { Session } from "../../central/session.ts";
import { FairScheduler } from "../../central/fair_scheduler.ts";
import { Statistics } from "../../central/statistics.ts";
import { Connection } from "../../net/connection.ts";
import { Draw } from "../../central/draw.ts";
import { FileStore } from "../../storage/mod.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { testInFolder } from "../support/folder.ts";
import { agencyFrame, Type } from "../support/frames.ts";
import { WAITS } from "../support/served.ts";
import { Wire } from "../support/wire.ts";

const AWAY = "Cannot send agency 1 its winners: it disconnected";

/** A draw that counts the agencies that wait for it. */
class CountingDraw extends Draw {
  #waiting = 0;

  /** Waits that have not ended. */
  get waiting(): number {
    return this.#waiting;
  }

  override async held(signal: AbortSignal): Promise<boolean> {
    this.#waiting++;
    try {
      return await super.held(signal);
    } finally {
      this.#waiting--;
    }
  }
}

/** The ways in which a waiting agency leaves, and the log line for each. */
const DEPARTURES: Record<string, [(wire: Wire) => Promise<void>, string]> = {
  "closes": [(wire) => Promise.resolve(wire.close()), AWAY],
  "closes its sending side": [(wire) => wire.closeWrite(), AWAY],
  "resets the connection": [
    (wire) => Promise.resolve(wire.close()),
    "Connection reset",
  ],
  "sends on and on": [
    async (wire) => {
      const query = agencyFrame(Type.WINNERS_QUERY, 1);
      const many = Array.from({ length: 10_000 }, () => query);
      // The central closes the connection before all is sent.
      await wire.send(...many).catch(() => {});
    },
    "or sent too much while it waited",
  ],
};

for (const [what, [leave, reason]] of Object.entries(DEPARTURES)) {
  testInFolder(
    `a session frees what an agency that waits for the draw held when it ${what}`,
    async (dir) => {
      const log = CapturedLog.start();
      const store = await FileStore.open(`${dir}/bets.csv`, {
        drawAgencies: 1,
      });
      const draw = new CountingDraw(store);
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      using wire = await Wire.connect(listener.addr.port);
      const stream = await listener.accept();
      const isReset = what.startsWith("resets");
      const connection = new Connection(
        isReset ? resetting(stream) : stream,
        {},
      );
      const session = new Session(connection, {
        store,
        draw,
        scheduler: new FairScheduler({ size: 1 }),
        ip: "here",
        statistics: new Statistics(),
      });
      const run = session.run();
      await wire.send(agencyFrame(Type.WINNERS_QUERY, 1));
      await log.line(WAITS);
      assertEquals(draw.waiting, 1);
      await leave(wire);
      await run;
      assertStringIncludes(await log.line("close_connection"), reason);
      assertEquals(draw.waiting, 0);
      await store.close();
    },
    ["net"],
  );
}

/** A stream that fails instead of ending. */
function resetting(stream: Deno.TcpConn): ByteStream {
  return {
    async read(into: Uint8Array): Promise<number> {
      const read = await stream.read(into);
      if (read !== null) return read;
      throw new Deno.errors.ConnectionReset("Connection reset by peer");
    },
    write: (bytes) => stream.write(bytes),
    closeWrite: () => stream.closeWrite(),
    close: () => stream.close(),
  };
}
