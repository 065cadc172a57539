import {
  assertEquals,
  assertGreater,
  assertMatch,
  assertRejects,
} from "@std/assert";
import { Agency } from "../../client.ts";
import { ProgramError } from "../../program/errors.ts";
import { PEM } from "../support/certificates.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { testOnline } from "../support/permissions.ts";
import { testSending } from "../support/sending.ts";
import {
  answer,
  FakeCentral,
  FakeSession,
  gone,
  ok,
  okAll,
  play,
  type Script,
  serve,
  take,
} from "../support/fake_central.ts";
import { Code, errorFrame, type Reply, Type } from "../support/frames.ts";
import { csvOf, rows } from "../support/rows.ts";
import { Wire } from "../support/wire.ts";
import { replace } from "../support/replaced.ts";

/** Closes each connection as soon as it is accepted. */
const hangUp: Script = () => Promise.resolve();

testSending("send() tries again if nothing listens", {
  scripts: [hangUp, hangUp, hangUp, serve],
}, {
  stored: 30,
  connections: 4,
  check: ({ log }) =>
    assertEquals(log.values(/attempt: (\d)/), ["1", "2", "3"]),
});

testSending("send() does not try again with an invalid address", {
  scripts: [serve],
  server: "not%a%host:12345",
}, {
  connections: 0,
  error: /^ProgramError: Cannot connect to not%a%host:12345: invalid host/,
  check: ({ log }) => assertEquals(log.lines.length, 1),
});

testSending("send() gives up after all attempts, and says how to go on", {
  scripts: [hangUp],
  maxAttempts: 3,
  baseDelayMs: 4,
}, {
  stored: 0,
  connections: 3,
  error:
    /^UnreachableError: Cannot reach the central at 127\.0\.0\.1:\d+: 3 attempts in a row failed, the last one with: .*; nothing is lost: run it again to go on$/,
  check: ({ log }) =>
    assertEquals(log.values(/gives_up: (.*)$/), [
      ...["in about 1s", "in about 1s", "now"],
    ]),
});

testOnline("winners() tries the addresses in their order", async () => {
  const log = CapturedLog.start();
  const servers = [0, 0, 0].map(() => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    return `127.0.0.1:${listener.addr.port}`;
  });
  const agency = new Agency({
    id: 1,
    server: servers.join(),
    maxAttempts: 4,
    baseDelayMs: 1,
  });
  const { random } = Math;
  let waits = 0;
  using _random = replace(Math, {
    random(): number {
      waits++;
      return random();
    },
  });
  await assertRejects(() => agency.winners(), ProgramError);
  assertEquals(waits, 3, "each wait has a length by chance");
  assertEquals(log.values(/server_address: ([\d.:]+)/), [
    ...[...servers, servers[0]!],
  ]);
});

testOnline(
  "an agency's connection delays no frame, and notices a lost central",
  async () => {
    const options: string[] = [];
    const { connect } = Deno;
    const stopping = new AbortController();
    await using central = new FakeCentral(play(take(), async (session) => {
      stopping.abort();
      await session.gone();
    }));
    using _connect = replace(Deno, {
      async connect(to: Deno.ConnectOptions): Promise<Deno.TcpConn> {
        const stream = await connect(to);
        stream.setNoDelay = (isSet) => void options.push(`noDelay ${isSet}`);
        stream.setKeepAlive = (isSet) =>
          void options.push(`keepAlive ${isSet}`);
        return stream;
      },
    });
    const agency = new Agency({ id: 1, server: `127.0.0.1:${central.port}` });
    await assertRejects(() => agency.winners(stopping));
    assertEquals(options, ["noDelay true", "keepAlive true"]);
  },
);

testSending("send() resets the attempts after each reply", {
  scripts: [play(take(), ok())],
  bets: 60,
  maxAttempts: 2,
}, {
  stored: 60,
  check: ({ central }) => assertGreater(central.connections, 5),
});

testSending("send() tries again after a TLS handshake that fails", {
  authorities: [],
  scripts: [hangUp],
  maxAttempts: 2,
}, {
  connections: 2,
  error: /^UnreachableError: .* 2 attempts in a row failed/,
});

testOnline("send() sends over TLS to the name it was given", async () => {
  const [ca, cert, key] = await Promise.all(
    [PEM.ca, PEM.server, PEM.serverKey].map((path) => Deno.readTextFile(path)),
  );
  using listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: cert!,
    key: key!,
  });
  const served = listener.accept().then(async (stream) => {
    using wire = new Wire(stream);
    const taken: Reply[] = [];
    await serve(new FakeSession(wire, taken));
    return taken.map(({ type }) => type);
  });
  const agency = new Agency({
    id: 1,
    server: `127.0.0.1:${listener.addr.port}`,
    authorities: [ca!],
    maxAttempts: 1,
  });
  const bytes = new TextEncoder().encode(csvOf(rows(3)));
  await agency.send(ReadableStream.from([bytes]));
  assertEquals(await served, [Type.BET, Type.FINISH]);
});

testSending("send() gives up on a silent central", {
  scripts: [gone, serve],
  replyTimeoutMs: 50,
}, {
  stored: 30,
  connections: 2,
  check: ({ log }) =>
    assertMatch(log.lines.join("\n"), /error: Cannot wait for the peer: idle/),
});

const stopping = new AbortController();

testSending("send() ends in the middle of an exchange when aborted", {
  scripts: [
    play(take(), ok(), take(), (session) => {
      stopping.abort("SIGINT");
      return session.gone();
    }),
  ],
  signal: stopping.signal,
}, { stored: 10, error: /^string: SIGINT$/ });

const watched = new AbortController().signal;
const listeners = new Set<unknown>();
watched.addEventListener = (_: string, call: unknown) => listeners.add(call);
watched.removeEventListener = (_: string, call: unknown) =>
  listeners.delete(call);

testSending("send() removes its listeners from the signal", {
  scripts: [hangUp, hangUp, serve],
  signal: watched,
}, { check: () => assertEquals(listeners.size, 0) });

testSending("send() sends nothing before the answer to its token", {
  token: new TextEncoder().encode("secret of agency 9"),
  scripts: [play(answer(errorFrame(Code.UNAUTHORIZED, 0, "x")), okAll)],
}, { frames: ["AUTH"], error: /^RefusedError: .* UNAUTHORIZED: x/ });

const waiting = new AbortController();

testSending("send() ends during its delay when aborted", {
  scripts: [async (session): Promise<void> => {
    await session.take();
    setTimeout(() => waiting.abort("SIGTERM"), 20);
  }],
  baseDelayMs: 2 ** 30,
  signal: waiting.signal,
}, { error: /^string: SIGTERM$/ });

testSending("send() gives up on a FINISH that cannot be recorded", {
  bets: 10,
  maxAttempts: 3,
  scripts: [
    play(take(), ok(), answer(errorFrame(Code.STORAGE))),
    answer(errorFrame(Code.STORAGE)),
  ],
}, {
  frames: ["0+10", "FINISH", "FINISH", "FINISH"],
  error: /^UnreachableError: .* 3 attempts in a row failed/,
});

testSending("send() does not count a refusal as progress", {
  maxAttempts: 3,
  csv: csvOf(rows(10).map((row) => row.with(2, "x"))),
  maxAmount: 2,
  scripts: [answer(errorFrame(Code.INVALID_BET, 0))],
}, { connections: 3, error: /^UnreachableError: / });
