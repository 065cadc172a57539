import { assert, assertEquals, assertMatch } from "@std/assert";
import { EchoServer } from "../echo/server.ts";
import {
  LineConnection,
  LineTooLongError,
  MAX_LINE_SIZE,
  textOf,
} from "../echo/line_connection.ts";
import { CapturedLog } from "./support/captured_log.ts";
import { assertEnding, testPrograms } from "./support/end_to_end.ts";
import { FakeStream } from "./support/fake_stream.ts";
import { concat } from "./support/frames.ts";
import { testWith } from "./support/permissions.ts";
import { startProgram } from "./support/programs.ts";
import { Random, SEED } from "./support/random_bets.ts";

const encoder = new TextEncoder();
const NEWLINE = 0x0a;

Deno.test("readLine() finds lines however they are cut", async () => {
  const lines = ["a\n", "\n", "ñandú\r\n", "no end"].map((line) =>
    encoder.encode(line)
  );
  const bytes = concat(lines);
  for (const size of [1, 2, 3, bytes.length]) {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      pieces.push(bytes.subarray(at, at + size));
    }
    using connection = connect(pieces);
    for (const line of lines) assertEquals(await read(connection), line);
    assertEquals(await read(connection), null);
  }
});

Deno.test("readLine() takes a line of the most bytes, and no longer one", async () => {
  const longest = lineOf(MAX_LINE_SIZE);
  using connection = connect([longest.slice(0, 1000), longest.slice(1000)]);
  assertEquals(await read(connection), longest);
  using longer = connect([lineOf(MAX_LINE_SIZE + 1)]);
  let thrown: unknown;
  await read(longer).catch((error) => thrown = error);
  assert(thrown instanceof LineTooLongError);
});

Deno.test("textOf() leaves out the line's end only", () => {
  const texts = ["a \n", "a \r\n", "a \n\n", "a ", "\ufeffa \n"];
  assertEquals(texts.map((text) => textOf(encoder.encode(text))), [
    ...["a ", "a ", "a \n", "a ", "\ufeffa "],
  ]);
});

testEcho(
  `serve() answers any bytes with the same, and closes (seed ${SEED})`,
  async (echo) => {
    const random = new Random(SEED);
    for (let size = 1; size <= MAX_LINE_SIZE; size *= 2) {
      const line = Uint8Array.from({ length: size }, () => random.below(256))
        .map((byte) => byte === NEWLINE ? 0 : byte);
      line[size - 1] = NEWLINE;
      assertEquals(await echo.ask(line), line);
    }
    const unended = encoder.encode("no end");
    assertEquals(await echo.ask(unended), unended);
    assertEquals(
      await echo.ask(encoder.encode("one\ntwo\n")),
      encoder.encode("one\n"),
    );
  },
);

testEcho("serve() logs what it received", async (echo) => {
  await echo.ask(encoder.encode("[CLIENT 1] Message N°1\n"));
  assertEquals(echo.log.lines, [
    "INFO action: accept_connections | result: in_progress",
    "INFO action: accept_connections | result: success | ip: 127.0.0.1",
    "INFO action: accept_connections | result: in_progress",
    "INFO action: receive_message | result: success | ip: 127.0.0.1 | msg: [CLIENT 1] Message N°1",
  ]);
});

testEcho("serve() is not hurt by a line that is too long", async (echo) => {
  using other = await echo.connect();
  assertEquals(await echo.ask(lineOf(MAX_LINE_SIZE + 1)), new Uint8Array());
  await echo.log.line(
    "receive_message | result: fail | ip: 127.0.0.1 | error: Cannot take line: it has over 65536 bytes",
  );
  const line = encoder.encode("still here\n");
  assertEquals(await exchange(other, line), line);
});

testEcho(
  "serve() is not hurt by one who stalls or says nothing",
  async (echo) => {
    using stalled = await echo.connect();
    await stalled.write(encoder.encode("half a li"));
    using silent = await echo.connect();
    silent.closeWrite();
    const line = encoder.encode("still here\n");
    assertEquals(await echo.ask(line), line);
    assertEquals(await readAll(stalled), new Uint8Array());
    await echo.log.line("error: Cannot wait for the peer: idle for 200 ms");
    assertEquals(await readAll(silent), new Uint8Array());
    assertEquals(await echo.ask(line), line);
    const failures = echo.log.lines.filter((line) => line.includes("fail"));
    assertEquals(failures.length, 1);
  },
  { idleTimeout: 200 },
);

testEcho("serve() closes one connection too many", async (echo) => {
  using first = await echo.connect();
  using second = await echo.connect();
  assertEquals(await readAll(second), new Uint8Array());
  await echo.log.line(
    "WARN action: accept_connections | result: fail | ip: 127.0.0.1 | error: BUSY",
  );
  const line = encoder.encode("first\n");
  assertEquals(await exchange(first, line), line);
}, { maxConnections: 1 });

testEcho("stop() closes every connection", async (echo) => {
  const peers = [await echo.connect(), await echo.connect()];
  await peers[1]!.write(encoder.encode("half a li"));
  await echo.log.line("accept_connections | result: success", 2);
  await echo.stop();
  for (const peer of peers) {
    assertEquals(await readAll(peer), new Uint8Array());
    peer.close();
  }
  assertEquals(echo.log.lines.slice(-3), [
    "INFO action: close_listener | result: success",
    "INFO action: close_connection | result: success | ip: 127.0.0.1",
    "INFO action: close_connection | result: success | ip: 127.0.0.1",
  ]);
});

testPrograms("the echo example's programs log as they should", async () => {
  await using server = startProgram("echo:server", {
    SERVER_PORT: "0",
    SERVER_LISTEN_BACKLOG: "5",
    LOGGING_LEVEL: "DEBUG",
  });
  const [, port] = await server.line(/action: listen .* port: (\d+)/);
  await using client = startClient(Number(port), { CLI_LOOP_PERIOD: "10ms" });
  assertEquals(assertEnding(await client.ending(), 0), [
    `INFO action: config | result: success | client_id: 7 | server_address: 127.0.0.1:${port} | loop_amount: 5 | loop_period: 10ms | log_level: DEBUG`,
    ...[1, 2, 3, 4, 5].map((number) =>
      `INFO action: receive_message | result: success | client_id: 7 | msg: [CLIENT 7] Message N°${number}`
    ),
    "INFO action: loop_finished | result: success | client_id: 7",
  ]);
  const log = assertEnding(await server.stop(), 0);
  assertEquals(
    log[0],
    "DEBUG action: config | result: success | port: 0 | listen_backlog: 5 | logging_level: DEBUG",
  );
  assertEquals(log.filter((line) => line.includes("receive_message")), [
    ...[1, 2, 3, 4, 5].map((number) =>
      `INFO action: receive_message | result: success | ip: 127.0.0.1 | msg: [CLIENT 7] Message N°${number}`
    ),
  ]);
  assertEquals(log.slice(-2), [
    "INFO action: stop | result: in_progress | signal: SIGTERM",
    "INFO action: close_listener | result: success",
  ]);
});

testPrograms("echo/client.ts stops while it waits for an answer", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using client = startClient(listener.addr.port);
  using peer = await listener.accept();
  await peer.read(new Uint8Array(100));
  const log = assertEnding(await client.stop(), 0);
  assertEquals(log.slice(1), [
    "INFO action: close_connection | result: success | client_id: 7",
    "INFO action: stop | result: success | signal: SIGTERM",
  ]);
});

testPrograms("echo/client.ts stops between two messages", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using client = startClient(listener.addr.port, {
    CLI_LOOP_PERIOD: "1h",
  });
  using peer = await listener.accept();
  await peer.read(new Uint8Array(100));
  await peer.write(encoder.encode("a\n"));
  await client.line(/receive_message/);
  const log = assertEnding(await client.stop(), 0);
  assertEquals(log.slice(1), [
    "INFO action: receive_message | result: success | client_id: 7 | msg: a",
    "INFO action: stop | result: success | signal: SIGTERM",
  ]);
});

testPrograms("echo/client.ts says that it has no answer", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  await using client = startClient(port);
  (await listener.accept()).close();
  listener.close();
  await using other = startClient(port);
  for (const program of [client, other]) {
    const [, last, ...more] = assertEnding(await program.ending(), 1);
    assertEquals(more, []);
    assertMatch(
      last!,
      /^ERROR action: receive_message \| result: fail \| client_id: 7 \| error: ./,
    );
  }
});

/** An echo server inside the tests' own process. */
interface Echo {
  log: CapturedLog;
  connect(): Promise<Deno.TcpConn>;
  /** Sends bytes and reads to the end. */
  ask(bytes: Uint8Array): Promise<Uint8Array>;
  stop(): Promise<void>;
}

function testEcho(
  name: string,
  fn: (echo: Echo) => Promise<void>,
  { maxConnections = 100, idleTimeout = 60_000 } = {},
): void {
  testWith(["net"], name, async () => {
    const log = CapturedLog.start();
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const server = new EchoServer(listener, { maxConnections, idleTimeout });
    const { port } = listener.addr;
    const serving = server.serve();
    let stopping: Promise<void> | undefined;
    const stop = () => stopping ??= server.stop();
    const connect = () => Deno.connect({ hostname: "127.0.0.1", port });
    try {
      await fn({
        log,
        connect,
        stop,
        async ask(bytes): Promise<Uint8Array> {
          using stream = await connect();
          return await exchange(stream, bytes);
        },
      });
    } finally {
      await stop();
      await serving;
    }
  });
}

/** Reads what is answered while it still writes, as a peer may. */
async function exchange(
  stream: Deno.TcpConn,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  const [answer] = await Promise.all([
    readAll(stream),
    writeAll(stream, bytes),
  ]);
  return answer;
}

async function writeAll(
  stream: Deno.TcpConn,
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await stream.write(bytes.subarray(at));
  }
  await stream.closeWrite();
}

async function readAll(stream: Deno.TcpConn): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const piece = new Uint8Array(1 << 16);
    const size = await stream.read(piece);
    if (size === null) return concat(pieces);
    pieces.push(piece.subarray(0, size));
  }
}

function startClient(
  port: number,
  env: Record<string, string> = {},
): ReturnType<typeof startProgram> {
  return startProgram("echo:client", {
    CLI_ID: "7",
    CLI_SERVER_ADDRESS: `127.0.0.1:${port}`,
    CLI_LOG_LEVEL: "DEBUG",
    ...env,
  });
}

function connect(pieces: Uint8Array[]): LineConnection {
  const stream = new FakeStream(pieces, { ends: true });
  return new LineConnection(stream, { idleTimeout: Infinity });
}

/** A copy, as what is read is only valid for a moment. */
async function read(connection: LineConnection): Promise<Uint8Array | null> {
  return (await connection.readLine())?.slice() ?? null;
}

function lineOf(size: number): Uint8Array {
  return new Uint8Array(size).fill(0x61).fill(NEWLINE, size - 1);
}
