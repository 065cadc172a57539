import { assert, assertEquals, assertFalse } from "@std/assert";
import type { PendingConnection } from "../../central/auth/authenticate.ts";
import { PendingConnections } from "../../central/auth/pending_connections.ts";
import { Statistics } from "../../central/statistics.ts";
import { Connection } from "../../net/connection.ts";
import type { Credentials } from "../../server.ts";
import { everyPromise } from "../support/deadline.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { FakeStream } from "../support/fake_stream.ts";
import { FakeTime } from "../support/fake_time.ts";
import {
  agencyFrame,
  authFrame,
  Code,
  readError,
  Type,
} from "../support/frames.ts";
import "../support/watchdog.ts";

/** Every token is valid but one. */
const CREDENTIALS = {
  isValid: (_agency: number, token: Uint8Array) =>
    Promise.resolve(new TextDecoder().decode(token) !== "wrong"),
} as unknown as Credentials;
const UNREACHABLE = Object.assign(new Error("No route to host"), {
  code: "EHOSTUNREACH",
});

function start(maxConnections = 20) {
  const log = CapturedLog.start();
  const authenticated: PendingConnection[] = [];
  const statistics = new Statistics();
  const pending = new PendingConnections({
    credentials: CREDENTIALS,
    authTimeoutMs: 60_000,
    maxConnections,
    statistics,
    onAuthenticated: (pending) => authenticated.push(pending),
  });
  return { log, pending, authenticated, statistics };
}

function pendingOf(stream: FakeStream): PendingConnection {
  const connection = new Connection(stream, {});
  return { connection, ip: "10.0.0.1", handshake: () => undefined };
}

const AUTHENTICATE = "action: authenticate | result: fail | ip: 10.0.0.1 |";

for (
  const [name, pieces, error, delayMs, line] of [
    [
      "a wrong token",
      [authFrame(7, "wrong")],
      "UNAUTHORIZED",
      1000,
      `ERROR ${AUTHENTICATE} agency: 7 | error: UNAUTHORIZED | reason: Cannot authenticate: that is not agency 7's token`,
    ],
    [
      "no token",
      [agencyFrame(Type.FINISH, 7)],
      "UNAUTHORIZED",
      1000,
      `ERROR ${AUTHENTICATE} error: UNAUTHORIZED | reason: Cannot authenticate: this central requires a token (CLI_TOKEN or agency.tokenFile), got a frame of type 4`,
    ],
    [
      "a malformed AUTH",
      [authFrame(0, "x")],
      "MALFORMED",
      0,
      `ERROR ${AUTHENTICATE} error: MALFORMED | reason: `,
    ],
  ] as const
) {
  Deno.test(`PendingConnections answers ${name} after ${delayMs} ms, and closes`, async () => {
    using time = new FakeTime();
    const { pending, log, authenticated, statistics } = start();
    const stream = new FakeStream(pieces, { ends: true });
    const done = pending.authenticate(pendingOf(stream));
    await everyPromise();
    if (delayMs > 0) {
      time.advance(delayMs - 1);
      await everyPromise();
      assertEquals([stream.writes, pending.size], [0, 1]);
      time.advance(1);
    }
    await done;
    assertEquals(readError(replyOf(stream)).code, Code[error]);
    assertEquals(statistics.refusals.get(error), 1);
    assertEquals([authenticated.length, pending.size], [0, 0]);
    assert(stream.isClosed);
    assertEquals(time.pending, 0);
    assertEquals(log.lines.length, 1);
    assertEquals(log.lines[0]?.slice(0, line.length), line);
  });
}

Deno.test("PendingConnections.stop() closes connections that are authenticating or being rejected", async () => {
  using time = new FakeTime();
  const { pending } = start();
  const streams = [[], [authFrame(7, "wrong")], []]
    .map((pieces) => new FakeStream(pieces));
  const done = [
    pending.authenticate(pendingOf(streams[0]!)),
    pending.authenticate(pendingOf(streams[1]!)),
    pending.rejectBusy(pendingOf(streams[2]!)),
  ];
  await everyPromise();
  assertEquals(pending.size, 3);
  // A connection that is being rejected does not count.
  assertFalse(pending.isFull(17));
  assert(pending.isFull(18));
  pending.stop();
  await Promise.all(done);
  assertEquals(streams.map(({ isClosed }) => isClosed), [true, true, true]);
  assertEquals([pending.size, time.pending], [0, 0]);
});

/** The frame that was written, read as if it had arrived. */
function replyOf({ written }: FakeStream) {
  return { type: written[0]!, payload: written.slice(5) };
}

Deno.test("PendingConnections does not serve an agency whose token is revoked while its OK is on the way", async () => {
  const { pending, authenticated } = start();
  const writing = Promise.withResolvers<void>();
  const stream = new FakeStream([authFrame(7, "token")]);
  const written = Promise.withResolvers<number>();
  stream.write = () => {
    writing.resolve();
    return written.promise;
  };
  const done = pending.authenticate(pendingOf(stream));
  await writing.promise;
  assertEquals(pending.revoke(new Set([8])), []);
  assertEquals(pending.revoke(new Set([7])), [7]);
  // The OK is written nevertheless.
  written.resolve(5);
  await done;
  assertEquals(authenticated, []);
  assert(stream.isClosed);
});

Deno.test("PendingConnections sets no time limit after the token", async () => {
  using time = new FakeTime();
  const { pending, authenticated, log } = start();
  const stream = new FakeStream([authFrame(7, "token")]);
  await pending.authenticate(pendingOf(stream));
  assertEquals([...stream.written], [Type.OK, 0, 0, 0, 0]);
  assertEquals(log.lines, [
    "INFO action: authenticate | result: success | agency: 7 | ip: 10.0.0.1",
  ]);
  assertEquals([time.pending, pending.size], [0, 0]);
  time.advance(60_001);
  assertEquals(authenticated.length, 1);
  assertFalse(stream.isClosed);
});

Deno.test("PendingConnections takes a quarter of many connections", async () => {
  const { pending } = start(400);
  const done = Array.from({ length: 99 }, () => {
    return pending.authenticate(pendingOf(new FakeStream([])));
  });
  assertFalse(pending.isFull(300));
  done.push(pending.authenticate(pendingOf(new FakeStream([]))));
  assert(pending.isFull(0));
  pending.stop();
  await Promise.all(done);
});

Deno.test("PendingConnections.rejectBusy() answers BUSY", async () => {
  const { pending, statistics, log } = start();
  const stream = new FakeStream([], { ends: true });
  await pending.rejectBusy(pendingOf(stream));
  assertEquals(readError(replyOf(stream)).code, Code.BUSY);
  assertEquals(statistics.refusals.get("BUSY"), 1);
  assertEquals(log.lines, [
    "WARN action: accept_connections | result: fail | ip: 10.0.0.1 | error: BUSY",
  ]);
  assert(stream.isClosed);
  assertEquals(pending.size, 0);
});

for (
  const [name, pieces] of [["probe", []], ["stranger", [
    authFrame(0, "x"),
  ]]] as [
    string,
    Uint8Array[],
  ][]
) {
  Deno.test(`PendingConnections survives a network that fails under a ${name}`, async () => {
    const { pending, log, authenticated } = start();
    const stream = new FakeStream(pieces);
    if (name === "probe") stream.read = () => Promise.reject(UNREACHABLE);
    stream.write = () => Promise.reject(UNREACHABLE);
    stream.closeWrite = () => Promise.reject(UNREACHABLE);
    await pending.authenticate(pendingOf(stream));
    await pending.rejectBusy(pendingOf(stream));
    assertEquals(authenticated, []);
    assertEquals(pending.size, 0);
    assert(stream.isClosed);
    assertFalse(log.lines.some((line) => line.startsWith("CRITICAL")));
  });
}

Deno.test("PendingConnections logs a bug with its stack, and goes on", async () => {
  const { pending, log } = start();
  const stream = new FakeStream([authFrame(0, "x")]);
  stream.write = () => Promise.reject(new TypeError("a slip"));
  await pending.authenticate(pendingOf(stream));
  assertEquals(pending.size, 0);
  const line = await log.line("CRITICAL action: close_connection");
  assert(line.includes("TypeError: a slip"), line);
});

Deno.test("PendingConnections frees a probe's place at once, without an error", async () => {
  const { pending, log } = start();
  const reset = new FakeStream([]);
  reset.read = () =>
    Promise.reject(new Deno.errors.ConnectionReset("Connection reset by peer"));
  for (const stream of [new FakeStream([], { ends: true }), reset]) {
    await pending.authenticate(pendingOf(stream));
    assert(stream.isClosed);
    assertEquals(pending.size, 0);
  }
  assertEquals(log.values(/^(\w+)/), ["INFO", "INFO"]);
});
