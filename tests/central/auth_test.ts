import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { PEM } from "../support/certificates.ts";
import {
  agencyFrame,
  authFrame,
  betFrame,
  Code,
  frame,
  NO_INDEX,
  readError,
  Type,
} from "../support/frames.ts";
import { testServed, writeCredentials } from "../support/served.ts";
import { rows } from "../support/rows.ts";
import { readBets } from "../support/stored.ts";
import "../support/watchdog.ts";
import { Wire } from "../support/wire.ts";

const TOKENS = { 1: "uno", 2: "dos", 4294967295: "é".repeat(100) };
/** The delay before a refusal, minus the tolerance of a timer. */
const MIN_DELAY_MS = 950;

for (const tls of [false, true]) {
  const name = tls ? " over TLS" : "";
  const connect = async (port: number) =>
    tls
      ? await Wire.connectTls(port, await Deno.readTextFile(PEM.ca))
      : await Wire.connect(port);

  testServed(
    `an agency with its token is served as without${name}`,
    async ({ port, storeFile }) => {
      for (const [id, token] of Object.entries(TOKENS)) {
        const agency = Number(id);
        using wire = await connect(port);
        await wire.ok(authFrame(agency, token));
        const bets = betFrame({ agency, rows: rows(3) });
        await wire.ok(bets);
        await wire.ok(agencyFrame(Type.FINISH, agency));
        await wire.closed();
      }
      assertEquals([...(await readBets(storeFile)).keys()], [1, 2, 4294967295]);
    },
    { tls, tokens: TOKENS },
  );

  testServed(
    `AUTH and batches may come in one piece${name}`,
    async ({ port }) => {
      using wire = await connect(port);
      await wire.send(
        authFrame(1, "uno"),
        ...[0, 1, 2].map((betIndex) => betFrame({ betIndex, rows: rows(1) })),
      );
      for (let i = 0; i < 4; i++) {
        await wire.ok();
      }
    },
    { tls, tokens: TOKENS },
  );
}

testServed(
  "strangers are refused after a second",
  async ({ port, storeFile, log }) => {
    const strangers = [
      authFrame(1, "dos"),
      authFrame(1, "unos"),
      authFrame(3, "uno"),
      betFrame({ rows: rows(1) }),
      agencyFrame(Type.FINISH, 1),
      agencyFrame(Type.WINNERS_QUERY, 1),
      frame(99),
      frame(Type.OK),
    ];
    const ca = await Deno.readTextFile(PEM.ca);
    await Promise.all(strangers.map(async (bytes) => {
      using wire = await Wire.connectTls(port, ca);
      const startedAt = performance.now();
      const { code, index } = await wire.refusal(bytes);
      assertEquals([code, index], [Code.UNAUTHORIZED, NO_INDEX]);
      assertGreaterOrEqual(performance.now() - startedAt, MIN_DELAY_MS);
      await wire.closed();
    }));
    assertEquals(await Deno.readTextFile(storeFile), "");
    const fails = log.linesWith("action: authenticate | result: fail");
    assertEquals(fails.length, strangers.length);
    assert(fails.every((line) => /^ERROR .*ip: 127\.0\.0\.1/.test(line)));
    assert(fails.some((line) => line.includes("agency: 3")));
    assert(!log.lines.join("\n").includes("unos"));
  },
  { tls: true, tokens: TOKENS },
);

testServed("without credentials AUTH has no effect", async ({ port }) => {
  using wire = await Wire.connect(port);
  await wire.ok(authFrame(1, "any"));
  for (const agency of [1, 2]) {
    const bets = betFrame({ agency, rows: rows(1) });
    await wire.ok(bets);
  }
  const again = await wire.ask(authFrame(1, "any"));
  assertEquals(readError(again).code, Code.MALFORMED);
});

for (const tls of [false, true]) {
  testServed(
    `who says nothing${tls ? " in the handshake" : ""} is dropped in time`,
    async ({ port, log }) => {
      // A connection without TLS never begins the handshake.
      using wire = await Wire.connect(port);
      await wire.closed();
      await log.line("it took longer than 50 ms");
    },
    { tls, tokens: TOKENS, authTimeoutMs: 50 },
  );
}

testServed(
  "Central keeps places for agencies from strangers, and frees a stranger's when it leaves",
  async ({ port, log }) => {
    using agency = await Wire.connect(port);
    await agency.ask(authFrame(1, "uno"));
    // Its place among the waiting connections is free soon after its OK.
    await log.line("authenticate | result: success");
    for (let round = 1; round <= 2; round++) {
      const strangers = await Promise.all(
        Array.from({ length: 16 }, () => Wire.connect(port)),
      );
      await log.line("accept_connections | result: success", 17 * round);
      using late = await Wire.connect(port);
      assertEquals((await late.refusal()).code, Code.BUSY);
      await agency.ok(betFrame({ betIndex: round, rows: rows(1) }));
      for (const stranger of strangers) stranger.close();
      await log.line("authenticate | result: fail", round * 16);
    }
    using other = await Wire.connect(port);
    await other.ok(authFrame(2, "dos"));
  },
  {
    tokens: TOKENS,
    maxConnections: 20,
  },
);

testServed(
  "a token that is removed or changed ends its connections",
  async ({ port, credentialsFile, log }) => {
    using first = await Wire.connect(port);
    using second = await Wire.connect(port);
    await first.ask(authFrame(1, "uno"));
    await second.ask(authFrame(2, "dos"));
    await writeCredentials(credentialsFile, { 1: "otro", 2: "dos" });
    await first.closed();
    assertEquals(log.lines.filter((line) => line.startsWith("WARN")), [
      "WARN action: authenticate | result: fail | agency: 1 | reason: its token was removed or changed",
    ]);
    const bets = betFrame({ agency: 2, rows: rows(1) });
    await second.ok(bets);
    using third = await Wire.connect(port);
    await third.ok(authFrame(1, "otro"));
  },
  { tokens: TOKENS },
);

testServed(
  "agency and central report clearly that one does not use TLS",
  async ({ port, log }) => {
    using plain = await Wire.connect(port);
    await plain.send(betFrame({ rows: rows(1) }));
    const line = await log.line("authenticate | result: fail");
    assert(line.includes("the other side does not speak TLS"), line);
  },
  {
    tls: true,
  },
);
