import { assertEquals } from "@std/assert";
import { PEM } from "../support/certificates.ts";
import { agencyFrame, betFrame, Code, Type } from "../support/frames.ts";
import { rows } from "../support/rows.ts";
import { testServed } from "../support/served.ts";
import "../support/watchdog.ts";
import { Wire } from "../support/wire.ts";

for (const tls of [false, true]) {
  testServed(
    `Central refuses a connection over the limit with BUSY, TLS: ${tls}`,
    async ({ port, log }) => {
      const connect = async () =>
        tls
          ? await Wire.connectTls(port, await Deno.readTextFile(PEM.ca))
          : await Wire.connect(port);
      using first = await connect();
      using second = await connect();
      await log.line("accept_connections | result: success", 2);
      using third = await connect();
      assertEquals((await third.refusal()).code, Code.BUSY);
      await third.closed();
      for (const [i, wire] of [first, second].entries()) {
        await wire.ok(betFrame({ agency: i + 1, rows: rows(1) }));
      }
      // Its place is free for the next one.
      await first.ok(agencyFrame(Type.FINISH, 1));
      first.close();
      await log.line("close_connection | result: success");
      using fourth = await connect();
      await fourth.ok(betFrame({ agency: 4, rows: rows(1) }));
    },
    { maxConnections: 2, tls },
  );
}

testServed(
  "Central sends BUSY to a connection that has already sent batches",
  async ({ port, log }) => {
    using _first = await Wire.connect(port);
    await log.line("accept_connections | result: success");
    using second = await Wire.connect(port);
    const batch = betFrame({ rows: rows(100) });
    await second.send(...Array.from({ length: 8 }, () => batch));
    assertEquals((await second.refusal()).code, Code.BUSY);
    await second.closed();
  },
  { maxConnections: 1 },
);
