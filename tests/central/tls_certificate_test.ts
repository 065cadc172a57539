import { assert, assertEquals, assertRejects } from "@std/assert";
import { readIdentity } from "../../net/server_identity.ts";
import { Central, FileStore, TlsCertificate } from "../../server.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { PEM } from "../support/certificates.ts";
import { agencyFrame, betFrame, Type } from "../support/frames.ts";
import { testInFolder } from "../support/folder.ts";
import { testServed } from "../support/served.ts";
import { FakeIntervals } from "../support/intervals.ts";
import { testReading } from "../support/permissions.ts";
import { rows } from "../support/rows.ts";
import "../support/watchdog.ts";
import { Wire } from "../support/wire.ts";
import { replace } from "../support/replaced.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

testInFolder(
  "TlsCertificate uses a new pair once it fits, and keeps the old one until then",
  async (dir) => {
    const files = { certificate: `${dir}/cert.pem`, key: `${dir}/key.pem` };
    await Deno.copyFile(PEM.server, files.certificate);
    await Deno.copyFile(PEM.serverKey, files.key);
    using intervals = new FakeIntervals();
    const log = CapturedLog.start();
    {
      using certificate = await TlsCertificate.open(files);
      const before = certificate.notAfterMs;
      await Deno.copyFile(PEM.otherKey, files.key);
      await intervals.pass(500, 3);
      const line = log.lines.at(-1)!;
      assert(line.startsWith("ERROR action: tls_certificate | result: fail"));
      assert(line.includes("it is not the key of"), line);
      assert(line.endsWith("; keeping the previous ones"), line);
      assertEquals(certificate.notAfterMs, before);
      await Deno.copyFile(PEM.otherName, files.certificate);
      await Deno.copyFile(PEM.serverKey, files.key);
      await intervals.pass(500, 3);
    }
    assertEquals(log.values(/^(\w+)/), ["INFO", "ERROR", "INFO"]);
    assertEquals(intervals.periodsMs, []);
  },
);

testInFolder(
  "Central goes on with open connections when its certificate is renewed",
  async (dir) => {
    const files = { certificate: `${dir}/cert.pem`, key: PEM.serverKey };
    await Deno.copyFile(PEM.otherName, files.certificate);
    using intervals = new FakeIntervals();
    CapturedLog.start();
    using tls = await TlsCertificate.open(files);
    await using store = await FileStore.open(`${dir}/bets.csv`);
    await using central = Central.listen(store, {
      hostname: "127.0.0.1",
      port: 0,
      tls,
    });
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

for (
  const [leftMs, level, text] of [
    [15 * DAY_MS, undefined, ""],
    [13.5 * DAY_MS, "WARN", "in 13 days"],
    [-1000, "ERROR", "it expired on "],
  ] as const
) {
  testReading(
    `TlsCertificate ${level ? `logs ${level}` : "logs nothing"} ${
      leftMs / DAY_MS
    } days before its end`,
    async () => {
      const files = { certificate: PEM.server, key: PEM.serverKey };
      const log = CapturedLog.start();
      let { notAfterMs } = await TlsCertificate.open(files).then((one) => {
        using certificate = one;
        return certificate;
      });
      notAfterMs -= leftMs;
      const { now } = Date;
      let looks = 0;
      // The certificate is still valid when it is read.
      using _date = replace(Date, {
        now: () => looks++ === 0 ? now() : notAfterMs,
      });
      using _certificate = await TlsCertificate.open(files);
      const found = log.lines.find((line) => /^(WARN|ERROR)/.test(line));
      assertEquals(found?.split(" ")[0], level);
      assert((found ?? "").includes(text), found);
    },
  );
}

testReading(
  "TlsCertificate warns once a day, until the end and after it",
  async () => {
    using intervals = new FakeIntervals();
    const log = CapturedLog.start();
    const files = { certificate: PEM.server, key: PEM.serverKey };
    using certificate = await TlsCertificate.open(files);
    const startMs = certificate.notAfterMs - 2.5 * DAY_MS;
    for (let hour = 0; hour < 4 * 24; hour++) {
      using _date = replace(Date, { now: () => startMs + hour * HOUR_MS });
      await intervals.pass(HOUR_MS);
    }
    assertEquals(log.values(/^(\w+)/), [
      "INFO",
      "WARN",
      "WARN",
      "WARN",
      "ERROR",
    ]);
  },
);

testInFolder(
  "TlsCertificate warns at once if the next pair expires soon, too",
  async (dir) => {
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
  },
);

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
