import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Database } from "../../postgres/connection/database.ts";
import {
  DatabaseClosedError,
  sqlState,
} from "../../postgres/connection/errors.ts";
import { delay } from "../support/deadline.ts";
import { FakeTime } from "../support/fake_time.ts";
import "../support/watchdog.ts";
import { FakeServer, Refusal } from "./support/fake_server.ts";

const CONNECTIONS = 9;
const CROWDED = new Refusal("53300", "sorry, too many clients already");
const OF_POOL = new Refusal(
  "08P01",
  "no more connections allowed (max_client_conn)",
);

/** Closed at the end of the block. */
function open(
  server: FakeServer,
  ...others: FakeServer[]
): Database & Disposable {
  const address = server.address("&connect_timeout=60", ...others);
  const database = new Database(address, {
    connections: CONNECTIONS,
    check: () => Promise.resolve(),
  });
  return Object.assign(database, {
    [Symbol.dispose]: () => database.close(),
  });
}

/**
 * Counts connections as PostgreSQL does: refused ones count until they are
 * closed. The first `crowd` connections are refused together.
 */
function crowdedServer(limit: number, refusal: Refusal, crowd = CONNECTIONS) {
  let counted = 0;
  const all = Promise.withResolvers<void>();
  return new FakeServer({
    async onConnect({ number, closed }) {
      counted++;
      void closed.then(() => counted--);
      if (number === crowd) all.resolve();
      if (number <= crowd) await all.promise;
      return number <= crowd || counted > limit ? refusal : undefined;
    },
    beforeClose: () => delay(30),
  });
}

/** Sends this number of queries at once, and waits for all answers. */
function askAll(database: Database, times = 2 * CONNECTIONS) {
  return Promise.allSettled(
    Array.from({ length: times }, () => database.query("a")),
  );
}

for (const refusal of [CROWDED, OF_POOL]) {
  for (const limit of [1, 2, 5]) {
    Deno.test(`Database retries with fewer connections if only ${limit} may connect: ${refusal.code}`, async () => {
      await using server = crowdedServer(limit, refusal);
      using database = open(server);
      for (const { status } of await askAll(database)) {
        assertEquals(status, "fulfilled");
      }
    });
  }
}

Deno.test("Database rejects all waiting queries with the reason why its only connection is refused", async () => {
  await using server = crowdedServer(0, CROWDED);
  using database = open(server);
  for (const outcome of await askAll(database)) {
    assert(outcome.status === "rejected");
    assertEquals(outcome.reason.message, CROWDED.message);
  }
  // Nine at once, then one alone.
  assertEquals(server.connections, CONNECTIONS + 1);
});

Deno.test("Database goes on with the connections that it has", async () => {
  const [late, end] = [0, 1].map(() => Promise.withResolvers<void>());
  await using server = new FakeServer({
    async onConnect({ number }) {
      if (number <= 2) return undefined;
      await late!.promise;
      return CROWDED;
    },
    async answer({ text }) {
      if (text === "long") await end!.promise;
      return [];
    },
  });
  using database = open(server);
  const first = database.query("a");
  const long = database.query("long");
  const refused = database.query("c");
  await first;
  late!.resolve();
  await refused;
  // One is in use, the other is idle: both may be used at once.
  await database.query("d");
  end!.resolve();
  await long;
  const [one, other] = askedOf(server)[0] === "1 a" ? [1, 2] : [2, 1];
  assertEquals(askedOf(server).toSorted(), [
    ...[`${one} a`, `${one} c`, `${one} d`, `${other} long`].toSorted(),
  ]);
  assertEquals(server.connections, 3);
});

Deno.test("Database tries more connections again after ten seconds", async () => {
  await using server = crowdedServer(100, CROWDED);
  using database = open(server);
  using time = new FakeTime();
  await askAll(database);
  assertEquals(server.connections, CONNECTIONS + 1);
  time.advance(9_999);
  await askAll(database);
  assertEquals(server.connections, CONNECTIONS + 1);
  time.advance(1);
  await askAll(database);
  assertEquals(server.connections, 2 * CONNECTIONS);
});

Deno.test("Database looks for a host anew if one cannot be connected to", async () => {
  const late = Promise.withResolvers<void>();
  await using server = new FakeServer({
    async onConnect({ number }) {
      if (number !== 2) return undefined;
      await late.promise;
      return new Refusal("57P03");
    },
  });
  using database = open(server);
  const first = database.query("a");
  const failed = assertRejects(() => database.query("b"));
  await first;
  late.resolve();
  assertEquals(sqlState(await failed), "57P03");
  await database.query("c");
  assertEquals(askedOf(server), ["1 a", "3 c"]);
  assertMatch(server.settings[0]!, /SET statement_timeout TO 8000$/);
});

Deno.test("Database waits for a connection of a crowded host behind a dead one", async () => {
  await using server = crowdedServer(1, CROWDED);
  const dead = new FakeServer();
  await dead[Symbol.asyncDispose]();
  using database = open(dead, server);
  for (const { status } of await askAll(database)) {
    assertEquals(status, "fulfilled");
  }
});

/** What a server was asked: the number of the connection, and the text. */
function askedOf({ statements }: FakeServer): string[] {
  return statements.map(({ peer, text }) => `${peer.number} ${text}`)
    .filter((asked) => !asked.includes("pg_is_in_recovery"));
}

/** A server that answers the first statements with errors. */
function failingServer(...codes: (string | undefined)[]): FakeServer {
  const left = [...codes];
  return new FakeServer({
    answer({ text }) {
      if (!/^[a-z]$/.test(text)) return [];
      const code = left.shift();
      return code === undefined ? [{ text }] : new Refusal(code);
    },
  });
}

const BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED";
const LIMIT = "SET LOCAL statement_timeout TO 8000";

/** Codes of errors, and what the server is asked by one statement then. */
const REMEDIES: readonly (readonly [string[], string[], string?])[] = [
  [[], ["1 a"]],
  [["40001"], ["1 a", "1 a"]],
  [["40001", "40P01", "40001", "40001"], Array(5).fill("1 a")],
  [Array(5).fill("40P01"), Array(5).fill("1 a"), "40P01"],
  [["57014"], ["1 a"], "57014"],
  [["23514"], ["1 a"], "23514"],
  [["08006"], ["1 a"], "08006"],
];

for (const [codes, asked, state] of REMEDIES) {
  Deno.test(`Database.query() after [${codes}] asks ${asked.length} times`, async () => {
    await using server = failingServer(...codes);
    using database = open(server);
    if (state === undefined) {
      const { rows, rowCount } = await database.query("a");
      assertEquals({ rows, rowCount }, {
        rows: [{ text: "a" }],
        rowCount: 1,
      });
    } else {
      const error = await assertRejects(() => database.query("a"));
      assertEquals(sqlState(error), state);
    }
    assertEquals(askedOf(server), asked);
    // Only what may have ended the connection makes another one.
    const isNew = state === "08006";
    await database.query("b");
    assertEquals(askedOf(server).at(-1), isNew ? "2 b" : "1 b");
  });
}

Deno.test("Database renews idle connections too after a lost one", async () => {
  await using server = new FakeServer({
    answer: ({ text, peer }) => {
      if (text === "lost") peer.cut();
      return [];
    },
  });
  using database = open(server);
  await Promise.all([database.query("a"), database.query("b")]);
  await assertRejects(() => database.query("lost"));
  await Promise.all([database.query("c"), database.query("d")]);
  const numbers = server.statements.map(({ peer }) => peer.number);
  assertEquals(new Set(numbers).size, 4);
});

Deno.test("Database passes over an idle connection that has ended", async () => {
  const closed = Promise.withResolvers<void>();
  await using server = new FakeServer({
    onConnect({ number, cut }) {
      if (number === 1) void closed.promise.then(cut);
      return undefined;
    },
  });
  using database = open(server);
  await database.query("a");
  closed.resolve();
  // The end arrives within some turns.
  while (server.connections === 1) await database.query("b").catch(() => {});
  await database.query("c");
  assertEquals(askedOf(server).at(-1), "2 c");
});

Deno.test("Database.query() prepares what has a name, until a pool mixes it up", async () => {
  await using server = failingServer(undefined, undefined, "26000");
  using database = open(server);
  for (const text of ["a", "a", "b"]) {
    await database.query(text, [1], "n" + text);
  }
  await database.query("c", [1], "nc");
  const names = server.statements.map(({ name }) => name).slice(1);
  assertEquals(names, ["na", "na", "nb", "", ""]);
});

Deno.test("Database.transaction() commits, or rolls back and throws", async () => {
  for (
    const [codes, options, asked, state] of [
      [[], {}, [BEGIN, LIMIT, "a", "COMMIT"], undefined],
      [[], { isKept: false }, [BEGIN, LIMIT, "a", "ROLLBACK"], undefined],
      [[], { timeoutFactor: 0.5 }, [
        BEGIN,
        "SET LOCAL statement_timeout TO 4000",
        ...["a", "COMMIT"],
      ], undefined],
      [["23514"], {}, [BEGIN, LIMIT, "a", "ROLLBACK"], "23514"],
      [["40001"], {}, [
        ...[BEGIN, LIMIT, "a", "ROLLBACK"],
        ...[BEGIN, LIMIT, "a", "COMMIT"],
      ], undefined],
    ] as const
  ) {
    await using server = failingServer(...codes);
    using database = open(server);
    const running = database.transaction(
      async (ask) => (await ask("a")).rows.length,
      options,
    );
    if (state === undefined) assertEquals(await running, 1);
    else assertEquals(sqlState(await assertRejects(() => running)), state);
    assertEquals(askedOf(server), asked.map((text) => `1 ${text}`));
  }
});

Deno.test("Database opens as many connections as it may, and uses them again", async () => {
  const all = Promise.withResolvers<void>();
  await using server = new FakeServer({
    async answer({ text }) {
      if (text === "a") await all.promise;
      return [];
    },
  });
  using database = open(server);
  const asked = askAll(database, CONNECTIONS + 3);
  while (askedOf(server).length < CONNECTIONS) await delay(1);
  all.resolve();
  await asked;
  assertEquals(server.connections, CONNECTIONS);
  assertEquals(askedOf(server).length, CONNECTIONS + 3);
});

Deno.test("Database.close() ends statements that run, wait and come later", async () => {
  const asked = Promise.withResolvers<void>();
  await using server = new FakeServer({
    async answer({ text, peer }) {
      if (text !== "a") return [];
      if (peer.number === CONNECTIONS) asked.resolve();
      await peer.closed;
      return [];
    },
  });
  using database = open(server);
  await database.query("b");
  const running = askAll(database);
  await asked.promise;
  database.close();
  for (const outcome of [...await running, ...await askAll(database)]) {
    assert(outcome.status === "rejected");
    assert(outcome.reason instanceof DatabaseClosedError);
  }
  assertEquals(server.connections, CONNECTIONS);
});

Deno.test("Database.close() ends an attempt to connect", async () => {
  const arrived = Promise.withResolvers<void>();
  await using server = new FakeServer({
    async onConnect({ closed }) {
      arrived.resolve();
      await closed;
      return undefined;
    },
  });
  using database = open(server);
  const asked = assertRejects(() => database.query("a"), DatabaseClosedError);
  await arrived.promise;
  database.close();
  await asked;
});
