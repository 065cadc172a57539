import { assertEquals, assertMatch } from "@std/assert";
import { testFault as test } from "../../faults/plan.ts";
import { freePort, startProgram } from "../../support/programs.ts";
import { Cluster } from "../support/cluster.ts";
import { startOn } from "../support/database_central.ts";

test("a database that cannot be used ends the central with one line", async () => {
  await using cluster = await Cluster.start();
  const url = cluster.url;
  await cluster.query("CREATE ROLE nobody LOGIN PASSWORD 'nada'");
  const noHost = url.replace(`:${cluster.port}`, `:${freePort()}`);
  const cases: readonly (readonly [string, RegExp])[] = [
    [url.replace("secreto", "wrong"), /password authentication failed/],
    [noHost, /ECONNREFUSED/],
    [cluster.urlOf("elsewhere"), /database "elsewhere" does not exist/],
    [url.replace("loteria:secreto", "nobody:nada"), /permission denied/],
    [`${url}?sslmode=verify-full`, /does not support SSL/],
    [
      url.replace("postgres:", "mysql:"),
      /expected an address such as postgres:/,
    ],
  ];
  for (const [bad, reason] of cases) await assertRefused(bad, reason);
  await using central = await startOn(url);
  await central.stop();
  await cluster.query("UPDATE loteria SET version = 3");
  await assertRefused(
    url,
    /its tables have version 3, this central knows version 2/,
  );
});

test("the task server says that it cannot use a database", async () => {
  await using program = startProgram("server", {
    SERVER_STORE_URL: "postgres://a:geheim@localhost/a",
    SERVER_PORT: "0",
  });
  const { code, stdout, stderr } = await program.ending();
  assertEquals({ code, stdout }, { code: 1, stdout: "" });
  assertMatch(stderr, /^server: Cannot use store\.url: .*server:postgres\n$/);
});

test("the database's task says that no database is set", async () => {
  await assertRefused("", /^server:postgres: Cannot use store\.url: expected /);
});

async function assertRefused(url: string, reason: RegExp): Promise<void> {
  await using program = startProgram("server:postgres", {
    SERVER_STORE_URL: url,
    SERVER_PORT: "0",
  });
  const { code, stderr } = await program.ending();
  assertEquals(code, 1, url);
  assertMatch(stderr, reason, url);
  assertMatch(stderr, /^server:postgres: Cannot [^\n]*\n$/, url);
  assertEquals(/secreto|wrong|nada/.test(stderr), false, stderr);
}
