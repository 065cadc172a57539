import { assert, assertEquals } from "@std/assert";
import { Database } from "../../postgres/connection/database.ts";
import { delay } from "../support/deadline.ts";
import { FakeServer, Refusal } from "./support/fake_server.ts";

const CONNECTIONS = 9;
const CROWDED = new Refusal("53300", "sorry, too many clients already");
const OF_POOL = new Refusal(
  "08P01",
  "no more connections allowed (max_client_conn)",
);

function open(server: FakeServer, ...others: FakeServer[]): Database {
  return new Database(server.address("&connect_timeout=60", ...others), {
    connections: CONNECTIONS,
    statementTimeoutMs: 8_000,
    check: () => Promise.resolve(),
  });
}

/**
 * Counts connections as PostgreSQL does: those that it refuses too, until they
 * are closed. The first `crowd` are refused together.
 */
function crowdedServer(limit: number, refusal: Refusal, crowd = CONNECTIONS) {
  let counted = 0;
  const all = Promise.withResolvers<void>();
  return new FakeServer({
    async welcome({ number, closed }) {
      counted++;
      void closed.then(() => counted--);
      if (number === crowd) all.resolve();
      if (number <= crowd) await all.promise;
      return number <= crowd || counted > limit ? refusal : undefined;
    },
    beforeClose: () => delay(30),
  });
}

/** Asks so often at once, and waits for all answers. */
function askAll(database: Database, times = 2 * CONNECTIONS) {
  return Promise.allSettled(
    Array.from({ length: times }, () => database.query("a")),
  );
}

for (const refusal of [CROWDED, OF_POOL]) {
  for (const limit of [1, 2, 5]) {
    Deno.test(
      `Database tries again with fewer at once if ${limit} may connect: ${refusal.code}`,
      async () => {
        await using server = crowdedServer(limit, refusal);
        const database = open(server);
        for (const { status } of await askAll(database)) {
          assertEquals(status, "fulfilled");
        }
        database.close();
      },
    );
  }
}

Deno.test("Database tells all that wait why a lone connection is refused", async () => {
  await using server = crowdedServer(0, CROWDED);
  const database = open(server);
  for (const outcome of await askAll(database)) {
    assert(outcome.status === "rejected");
    assertEquals(outcome.reason.message, CROWDED.message);
  }
  // Nine at once, then one alone.
  assertEquals(server.connections, CONNECTIONS + 1);
  database.close();
});

Deno.test("Database goes on with idle connections if no other is allowed", async () => {
  const late = Promise.withResolvers<void>();
  await using server = new FakeServer({
    async welcome({ number }) {
      if (number === 1) return undefined;
      await late.promise;
      return CROWDED;
    },
  });
  const database = open(server);
  const first = database.query("a");
  const second = database.query("b");
  await first;
  late.resolve();
  await second;
  await database.query("c");
  assertEquals(server.statements.map(({ peer }) => peer.number), [1, 1, 1, 1]);
  assertEquals(server.connections, 2);
  database.close();
});

Deno.test("Database waits for a connection of a crowded host behind a dead one", async () => {
  await using server = crowdedServer(1, CROWDED);
  const dead = new FakeServer();
  await dead[Symbol.asyncDispose]();
  const database = open(dead, server);
  for (const { status } of await askAll(database)) {
    assertEquals(status, "fulfilled");
  }
  database.close();
});
