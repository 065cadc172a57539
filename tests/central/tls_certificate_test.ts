import { assertEquals, assertRejects } from "@std/assert";
import { readIdentity } from "../../net/server_identity.ts";
import { FileStore, TlsCertificate } from "../../server.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { PEM } from "../support/certificates.ts";
import { agencyFrame, betFrame, Type } from "../support/frames.ts";
import { testInFolder as test } from "../support/folder.ts";
import { listen, testServed } from "../support/served.ts";
import { FakeIntervals } from "../support/intervals.ts";
import { testReading } from "../support/permissions.ts";
import { rows } from "../support/rows.ts";
import "../support/watchdog.ts";
import { Wire } from "../support/wire.ts";
import { replace } from "../support/replaced.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

test(
  "Central goes on with open connections when its certificate is renewed",
  async (dir) => {
    const files = { certificate: `${dir}/cert.pem`, key: PEM.serverKey };
    await Deno.copyFile(PEM.otherName, files.certificate);
    using intervals = new FakeIntervals();
    CapturedLog.start();
    using tls = await TlsCertificate.open(files);
    await using store = await FileStore.open(`${dir}/bets.csv`);
    await using central = listen(store, { tls });
    const ca = await Deno.readTextFile(PEM.ca);
    const connect = (hostname: string) =>
      connectTls(central.port, hostname, ca);
    assertEquals(central.certificateNotAfterMs, tls.notAfterMs);
    using before = new Wire(await connect("central.example"));
    await assertRejects(() => connect("localhost"));
    await Deno.copyFile(PEM.server, files.certificate);
    await intervals.pass(500, 3);
    using after = new Wire(await connect("localhost"));
    for (const [betIndex, wire] of [before, after].entries()) {
      await wire.ok(betFrame({ betIndex, rows: rows(1) }));
    }
  },
  ["net"],
);

/** Connects to this machine under any name. */
async function connectTls(
  port: number,
  hostname: string,
  ca: string,
): Promise<Deno.TlsConn> {
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
  const conn = await Deno.startTls(tcp, { hostname, caCerts: [ca] });
  try {
    await conn.handshake();
    return conn;
  } catch (error) {
    conn.close();
    throw error;
  }
}

testReading(
  "TlsCertificate warns once a day from 14 days before its end",
  async () => {
    using intervals = new FakeIntervals();
    const log = CapturedLog.start();
    const files = { certificate: PEM.server, key: PEM.serverKey };
    using certificate = await TlsCertificate.open(files);
    const startMs = certificate.notAfterMs - 15.5 * DAY_MS - 1;
    for (let hour = 0; hour < 17 * 24; hour++) {
      using _date = replace(Date, { now: () => startMs + hour * HOUR_MS });
      await intervals.pass(HOUR_MS);
    }
    assertEquals(log.values(/^(WARN|ERROR)/), [
      ...Array(14).fill("WARN"),
      ...["ERROR", "ERROR"],
    ]);
    assertEquals(log.values(/(in \d+ days|it expired on)/), [
      ...Array.from({ length: 14 }, (_, day) => `in ${13 - day} days`),
      ...["it expired on", "it expired on"],
    ]);
  },
);

test("TlsCertificate warns at once if the next pair expires soon, too", async (dir) => {
  using intervals = new FakeIntervals();
  const files = { certificate: `${dir}/cert.pem`, key: PEM.serverKey };
  await Deno.copyFile(PEM.server, files.certificate);
  const { notAfterMs } = await readIdentity(files);
  const log = CapturedLog.start();
  using _date = replace(Date, { now: () => notAfterMs - 1000 });
  using _certificate = await TlsCertificate.open(files);
  await Deno.copyFile(PEM.otherName, files.certificate);
  await intervals.pass(500, 3);
  assertEquals(log.values(/^(\w+)/), ["INFO", "WARN", "INFO", "WARN"]);
  const notAfter = new Date(notAfterMs).toISOString();
  assertEquals(log.lines.slice(0, 2), [
    `INFO action: tls_certificate | result: success | not_after: ${notAfter}`,
    `WARN action: tls_certificate | result: fail | reason: it expires on ${notAfter}, in 0 days`,
  ]);
});

testServed(
  "a TLS probe frees its place at once, without an error",
  async ({ port, log }) => {
    const probes = await Promise.all(
      Array.from({ length: 16 }, () => Wire.connect(port)),
    );
    for (const probe of probes) await probe.closeWrite();
    // The central closes its side too, long before its time limit.
    for (const probe of probes) {
      await probe.closed();
      probe.close();
    }
    const ca = await Deno.readTextFile(PEM.ca);
    using agency = await Wire.connectTls(port, ca);
    const bets = betFrame({ rows: rows(1) });
    await agency.ok(bets);
    await agency.ok(agencyFrame(Type.FINISH, 1));
    // Nothing was answered that was not asked.
    await agency.closed();
    assertEquals(log.values(/^((?:ERROR|WARN).*)/), []);
  },
  {
    tls: true,
    maxConnections: 64,
  },
);
