import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { Address } from "../../postgres/connection/address.ts";
import {
  DatabaseTimeoutError,
  isCrowded,
  UnfitDatabaseError,
} from "../../postgres/connection/errors.ts";
import { connectToWriter } from "../../postgres/connection/hosts.ts";
import { Session } from "../../postgres/connection/session.ts";
import { isAboutTls } from "../../postgres/connection/tls.ts";
import { FakeTime } from "../support/fake_time.ts";
import "../support/watchdog.ts";
import { FakeServer, Refusal } from "./support/fake_server.ts";

/** What a host may be, and what it answers to the first question. */
const KINDS = {
  primary: { recovers: false, isReadOnly: false },
  standby: { recovers: true, isReadOnly: true },
  readOnly: { recovers: false, isReadOnly: true },
  unfit: { recovers: false, isReadOnly: false },
  crowded: new Refusal("53300", "sorry, too many clients already"),
  starting: new Refusal("57P03", "the database system is starting up"),
};
type Kind = keyof typeof KINDS;

function hostOf(kind: Kind): FakeServer {
  const answer = KINDS[kind];
  return answer instanceof Refusal
    ? new FakeServer({ onConnect: () => answer })
    : new FakeServer({
      answer: ({ text }) => text.includes("recovery") ? [answer] : [],
    });
}

/** Hosts in their order, which of them is taken, or why none. */
const ORDERS: readonly (readonly [Kind[], number | string])[] = [
  [["primary", "primary"], 0],
  [["standby", "primary"], 1],
  [["readOnly", "starting", "crowded", "primary"], 3],
  [["unfit", "primary"], 1],
  [["standby"], "the host is a standby"],
  [["readOnly"], "the host is read-only"],
  [["unfit"], "unfit"],
  [
    ["standby", "readOnly"],
    "A: the host is a standby; B: the host is read-only",
  ],
  [
    ["standby", "starting"],
    "A: the host is a standby; B: the database system is starting up (57P03)",
  ],
  [
    ["starting", "standby", "crowded"],
    "A: the database system is starting up (57P03); B: the host is a standby; C: sorry, too many clients already (53300)",
  ],
];

for (const [kinds, outcome] of ORDERS) {
  Deno.test(`connectToWriter() looks at ${kinds.join(", ")}`, async () => {
    await using stack = new AsyncDisposableStack();
    const servers = kinds.map((kind) => stack.use(hostOf(kind)));
    const sessions: Session[] = [];
    const connecting = connectToWriter(
      servers[0]!.address("", ...servers.slice(1)),
      {
        onSession: (session) => sessions.push(session),
        async check(session) {
          await session.query("check", [], { timeoutMs: 0 });
          const { port } = session.host;
          const i = servers.findIndex((server) => server.port === port);
          if (kinds[i] === "unfit") throw new UnfitDatabaseError("unfit");
        },
      },
    );
    if (typeof outcome === "number") {
      const session = await connecting;
      assertEquals(session.host.port, servers[outcome]!.port);
      assertEquals(servers[outcome]!.statements.at(-1)!.text, "check");
      assertEquals(sessions.map(({ isBroken }) => isBroken), [
        ...Array(outcome).fill(true),
        false,
      ]);
      session.destroy();
      return;
    }
    const error = await assertRejects(() => connecting, Error);
    const message = servers.reduce(
      (text, { port }, i) => text.replace(`127.0.0.1:${port}`, "ABC"[i]!),
      error.message,
    );
    assertEquals(message, outcome);
    assertEquals(isCrowded(error), kinds.includes("crowded"));
    const isUnfit = kinds.every((kind) => !(KINDS[kind] instanceof Refusal));
    const { cause = error } = error;
    assertEquals(cause instanceof UnfitDatabaseError, isUnfit);
    assert(sessions.every(({ isBroken }) => isBroken));
  });
}

Deno.test("connectToWriter() begins with a random host if asked to", async () => {
  await using stack = new AsyncDisposableStack();
  const servers = ["a", "b", "c"].map(() => stack.use(hostOf("standby")));
  const [first, ...others] = servers;
  const begins = new Set<number>();
  const random = "&load_balance_hosts=random";
  // One of three is never the first with a probability of 1 to 10^8.
  for (let i = 0; i < 48; i++) {
    const seen: number[] = [];
    const { message } = await assertRejects(
      () =>
        connectToWriter(first!.address(random, ...others), {
          onSession: ({ host }) => seen.push(host.port),
          check: () => Promise.resolve(),
        }),
      Error,
    );
    assertMatch(message, /^(?:[^;]*: the host is a standby(?:; |$)){3}$/);
    assertEquals(seen.toSorted(), servers.map(({ port }) => port).toSorted());
    begins.add(seen[0]!);
  }
  assertEquals(begins.size, 3);
});

Deno.test("connectToWriter() tries no other way after a wrong password", async () => {
  await using server = new FakeServer({
    onConnect: () => new Refusal("28P01"),
  });
  const options = {
    onSession: () => {},
    check: () => Promise.resolve(),
  };
  const address = server.address("&sslmode=allow");
  await assertRejects(
    () => connectToWriter(address, options),
    Error,
    "it says",
  );
  assertEquals(server.connections, 1);
});

async function openSession(address: Address): Promise<Session> {
  const session = new Session(address, address.hosts[0]!, false);
  await session.connect();
  return session;
}

Deno.test("Session sends its name and its time limit to the server", async () => {
  await using server = new FakeServer();
  const session = await openSession(
    server.address(
      "&application_name=x&options=-csearch_path%3Da&statement_timeout=7000",
    ),
  );
  const { peer } = (await session.query("a", [], { timeoutMs: 0 }), server)
    .statements[0]!;
  const { user, database, application_name, options, client_encoding } =
    peer.parameters;
  assertEquals(
    [user, database, application_name, options, client_encoding],
    ["u", "d", "x", "-csearch_path=a", "UTF8"],
  );
  assertMatch(server.settings[0]!, /SET statement_timeout TO 7000$/);
  session.destroy();
});

Deno.test("Session gives up on a server that does not complete the login", async () => {
  await using server = new FakeServer({
    onConnect: ({ closed }) => closed as Promise<undefined>,
  });
  const address = { ...server.address(), connectTimeoutMs: 20 };
  await assertRejects(() => openSession(address), Error, "timeout expired");
});

Deno.test("Session is not connected without its settings", async () => {
  const refusesSettings = new Refusal("42704");
  await using server = new FakeServer({ refusesSettings });
  await assertRejects(() => openSession(server.address()), Error, "says no");
});

Deno.test("Session gives up a refused connection that stays open", async () => {
  await using server = new FakeServer({
    onConnect: () => KINDS.crowded,
    beforeClose: ({ closed }) => closed,
  });
  // Also the limit for the refusal to arrive.
  const address = { ...server.address(), connectTimeoutMs: 1_000 };
  const error = await assertRejects(() => openSession(address));
  assert(isCrowded(error));
});

Deno.test("Session.query() ends a connection a second after the server should", async () => {
  const asked = Promise.withResolvers<void>();
  await using server = new FakeServer({
    async answer({ text, peer }) {
      if (text !== "late") return [];
      asked.resolve();
      await peer.closed;
      return [];
    },
  });
  const session = await openSession(server.address());
  using time = new FakeTime();
  await session.query("a", [], { timeoutMs: 8_000 });
  assertEquals(time.pending, 0);
  const unlimited = session.query("a", [], { timeoutMs: 0 });
  assertEquals(time.pending, 0);
  await unlimited;
  const late = assertRejects(
    () => session.query("late", [], { timeoutMs: 8_000 }),
    DatabaseTimeoutError,
    "no answer within 9 s",
  );
  await asked.promise;
  time.advance(8_999);
  assertEquals(session.isBroken, false);
  time.advance(1);
  assertEquals(session.isBroken, true);
  await late;
  assertEquals(time.pending, 0);
});

Deno.test("Session notices that its server has gone", async () => {
  await using server = new FakeServer({
    answer({ text, peer }) {
      if (text === "a") peer.cut();
      return [];
    },
  });
  const session = await openSession(server.address());
  await assertRejects(() => session.query("a", [], { timeoutMs: 0 }));
  assertEquals(session.isBroken, true);
  await assertRejects(() => session.query("b", [], { timeoutMs: 0 }));
});

Deno.test("isAboutTls() knows what another way may mend", () => {
  for (
    const [error, isSo] of [
      [{ code: "28000", message: "no pg_hba.conf entry" }, true],
      [{ message: "The server does not support SSL connections" }, true],
      [{ message: "invalid peer certificate: UnknownIssuer" }, true],
      [{ message: "TLS handshake eof" }, true],
      [{ code: "28P01", message: "password authentication failed" }, false],
      [{ code: "ECONNREFUSED", message: "connect ECONNREFUSED" }, false],
      [{}, false],
    ] as const
  ) {
    assertEquals(isAboutTls(error), isSo, JSON.stringify(error));
  }
});
