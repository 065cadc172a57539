import { assertEquals } from "@std/assert";
import { PEM } from "../support/certificates.ts";
import {
  agencyFrame,
  authFrame,
  betFrame,
  Code,
  readError,
  Type,
} from "../support/frames.ts";
import { testServed as test, writeCredentials } from "../support/served.ts";
import { rows } from "../support/rows.ts";
import { readBets } from "../support/stored.ts";
import "../support/watchdog.ts";
import { Wire } from "../support/wire.ts";

const TOKENS = { 1: "uno", 2: "dos", 4294967295: "é".repeat(100) };
for (const tls of [false, true]) {
  const name = tls ? " over TLS" : "";
  const connect = async (port: number) =>
    tls
      ? await Wire.connectTls(port, await Deno.readTextFile(PEM.ca))
      : await Wire.connect(port);

  test(
    `an agency with its token is served as without${name}`,
    async ({ port, storeFile }) => {
      for (const [id, token] of Object.entries(TOKENS)) {
        const agency = Number(id);
        using wire = await connect(port);
        // They may come in one piece.
        await wire.send(
          authFrame(agency, token),
          betFrame({ agency, rows: rows(3) }),
          agencyFrame(Type.FINISH, agency),
        );
        for (let replies = 0; replies < 3; replies++) await wire.ok();
        await wire.closed();
      }
      assertEquals([...(await readBets(storeFile)).keys()], [1, 2, 4294967295]);
    },
    { tls, tokens: TOKENS },
  );
}

test("without credentials AUTH has no effect", async ({ port }) => {
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
  test(
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

test(
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

test(
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
