import { assertEquals } from "@std/assert";
import { Credentials, FileStore } from "../../server.ts";
import { CapturedLog } from "../support/captured_log.ts";
import {
  agencyFrame,
  authFrame,
  betFrame,
  Code,
  Type,
} from "../support/frames.ts";
import { testInFolder } from "../support/folder.ts";
import {
  listen,
  testServed as test,
  writeCredentials,
} from "../support/served.ts";
import { rows } from "../support/rows.ts";
import { readStore } from "../support/stored.ts";
import "../support/watchdog.ts";
import { Wire } from "../support/wire.ts";
import { replace } from "../support/replaced.ts";
import { PEM } from "../support/certificates.ts";

testInFolder(
  "Central.listen() serves until it is disposed of, and leaves the store open",
  async (dir) => {
    const log = CapturedLog.start();
    const file = `${dir}/bets.csv`;
    await using store = await FileStore.open(file);
    for (const betIndex of [0, 1]) {
      await using central = listen(store);
      using wire = await Wire.connect(central.port);
      const bets = betFrame({ betIndex, rows: rows(1) });
      await wire.ok(bets);
      assertEquals(central.connections, 1);
      const listens = `listen | result: success | port: ${central.port}`;
      assertEquals(log.linesWith(listens).length, 1);
    }
    assertEquals(store.stats.bets, 2);
    assertEquals((await readStore(file)).length, 2);
  },
  ["net"],
);

testInFolder(
  "Central.listen() uses the documented backlog unless it is given another one",
  async (dir) => {
    CapturedLog.start();
    await using store = await FileStore.open(`${dir}/bets.csv`);
    const { listen: listenOn } = Deno;
    const backlogs: unknown[] = [];
    using _listen = replace(Deno, {
      listen(options: Deno.TcpListenOptions): Deno.TcpListener {
        backlogs.push(options.tcpBacklog);
        return listenOn(options);
      },
    });
    for (const options of [{}, { backlog: 7 }]) {
      await using _central = listen(store, options);
    }
    assertEquals(backlogs, [4096, 7]);
  },
  ["net"],
);

testInFolder(
  "Central.connections counts those that are not authenticated yet",
  async (dir) => {
    const log = CapturedLog.start();
    await writeCredentials(`${dir}/credentials.csv`, { 1: "uno" });
    await using store = await FileStore.open(`${dir}/bets.csv`);
    using credentials = await Credentials.open(`${dir}/credentials.csv`);
    await using central = listen(store, { credentials });
    using _stranger = await Wire.connect(central.port);
    using agency = await Wire.connect(central.port);
    await agency.ask(authFrame(1, "uno"));
    await log.line("accept_connections | result: success", 2);
    await log.line("authenticate | result: success");
    assertEquals(central.connections, 2);
  },
  ["net"],
);

testInFolder(
  "Central.stop() ends a connection that was accepted just before",
  async (dir) => {
    CapturedLog.start();
    await using store = await FileStore.open(`${dir}/bets.csv`);
    const { listen: listenOn } = Deno;
    using _listen = replace(Deno, {
      listen(options: Deno.TcpListenOptions): Deno.TcpListener {
        const listener = listenOn(options);
        const accept = listener.accept.bind(listener);
        listener.accept = async () => {
          const stream = await accept();
          central.stop();
          return stream;
        };
        return listener;
      },
    });
    await using central = listen(store);
    using wire = await Wire.connect(central.port);
    assertEquals((await wire.refusal()).code, Code.SHUTTING_DOWN);
    await wire.closed();
  },
  ["net"],
);

for (const tls of [false, true]) {
  test(
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
