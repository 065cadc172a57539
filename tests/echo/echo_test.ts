import { assertEquals } from "@std/assert";
import { MAX_LINE_BYTES, textOf } from "../../echo/line_connection.ts";
import { EchoServer } from "../../echo/server.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { concat } from "../support/frames.ts";
import { testOnline } from "../support/permissions.ts";
import { Random, SEED } from "../support/random_bets.ts";

const encoder = new TextEncoder();
const NEWLINE = 0x0a;

test(`EchoServer answers any bytes with the same, and closes (seed ${SEED})`, async (echo) => {
  const random = new Random(SEED);
  for (let size = 1; size <= MAX_LINE_BYTES; size *= 2) {
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
});

test("EchoServer survives a line that is too long", async (echo) => {
  using other = await echo.connect();
  assertEquals(await echo.ask(lineOf(MAX_LINE_BYTES + 1)), new Uint8Array());
  await echo.log.line(
    "receive_message | result: fail | ip: 127.0.0.1 | error: Cannot take line: it has over 65536 bytes",
  );
  const line = encoder.encode("still here\n");
  assertEquals(await exchange(other, line), line);
});

test(
  "EchoServer survives a peer that stalls or sends nothing",
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
    const failures = echo.log.linesWith("fail");
    assertEquals(failures.length, 1);
  },
  { idleTimeoutMs: 200 },
);

test("EchoServer closes a connection over the limit", async (echo) => {
  using first = await echo.connect();
  using second = await echo.connect();
  assertEquals(await readAll(second), new Uint8Array());
  await echo.log.line(
    "WARN action: accept_connections | result: fail | ip: 127.0.0.1 | error: BUSY",
  );
  const line = encoder.encode("first\n");
  assertEquals(await exchange(first, line), line);
}, { maxConnections: 1 });

test("EchoServer.stop() closes every connection", async (echo) => {
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

Deno.test("textOf() leaves out the line's end only", () => {
  const texts = ["a \n", "a \r\n", "a \n\n", "a ", "\ufeffa \n"];
  assertEquals(texts.map((text) => textOf(encoder.encode(text))), [
    ...["a ", "a ", "a \n", "a ", "\ufeffa "],
  ]);
});

/** An echo server in this process. */
interface Echo {
  log: CapturedLog;
  connect(): Promise<Deno.TcpConn>;
  /** Sends bytes and reads to the end. */
  ask(bytes: Uint8Array): Promise<Uint8Array>;
  stop(): Promise<void>;
}

function test(
  name: string,
  fn: (echo: Echo) => Promise<void>,
  { maxConnections = 100, idleTimeoutMs = 60_000 } = {},
): void {
  testOnline(name, async () => {
    const log = CapturedLog.start();
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const server = new EchoServer(listener, { maxConnections, idleTimeoutMs });
    const { port } = listener.addr;
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
    }
  });
}

/** Reads the reply while it is still writing. */
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

function lineOf(size: number): Uint8Array {
  return new Uint8Array(size).fill(0x61).fill(NEWLINE, size - 1);
}
