import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ByteStream } from "../../net/byte_channel.ts";
import { startTls } from "../../net/tls.ts";
import { TlsServer, type TlsServerStream } from "../../net/tls_server.ts";
import { PEM } from "../support/certificates.ts";
import { concat } from "../support/frames.ts";
import { testOnline as test } from "../support/permissions.ts";
import "../support/watchdog.ts";

/** A connection whose server side speaks TLS. */
interface Accepted extends Disposable {
  server: TlsServerStream;
  /** The other end, unencrypted. */
  tcp: Deno.TcpConn;
}

/** `change` gets the server's unencrypted connection. */
async function accept(
  change = (_conn: Deno.TcpConn): void => {},
): Promise<Accepted> {
  const [cert, key] = await Promise.all(
    [PEM.server, PEM.serverKey].map((path) => Deno.readTextFile(path)),
  );
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const tcp = await Deno.connect({ port: listener.addr.port });
  const tls = new TlsServer({ cert: cert!, key: key!, notAfterMs: 0 });
  const conn = await listener.accept();
  change(conn);
  const server = tls.encrypt(conn);
  return {
    server,
    tcp,
    [Symbol.dispose](): void {
      server.close();
      try {
        tcp.close();
      } catch (error) {
        // The test has closed it.
        assert(error instanceof Deno.errors.BadResource);
      }
    },
  };
}

/** Makes the client side speak TLS, too. */
async function connect({ server, tcp }: Accepted): Promise<ByteStream> {
  const ca = await Deno.readTextFile(PEM.ca);
  const [client] = await Promise.all([
    startTls(tcp, {
      hostname: "localhost",
      authorities: [ca],
      timeoutMs: 10_000,
    }),
    server.handshake(),
  ]);
  return client;
}

async function readAll(stream: ByteStream, size = 1000): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const into = new Uint8Array(size);
    const read = await stream.read(into);
    if (read === null) return concat(pieces);
    pieces.push(into.subarray(0, read));
  }
}

async function writeAll(stream: ByteStream, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await stream.write(bytes.subarray(at));
  }
  await stream.closeWrite();
}

test("TlsServer sends and receives every byte", async () => {
  let maxWrite = Infinity;
  using accepted = await accept((conn) => {
    const write = conn.write.bind(conn);
    conn.write = (bytes) => write(bytes.subarray(0, maxWrite));
  });
  const client = await connect(accepted);
  // Short writes, as to a peer that reads slowly.
  maxWrite = 10_000;
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
  const [taken, got] = await Promise.all([
    readAll(accepted.server, 777),
    readAll(client),
    writeAll(client, bytes),
    writeAll(accepted.server, bytes.toReversed()),
  ]);
  assertEquals([taken, got], [bytes, bytes.toReversed()]);
  client.close();
});

test("TlsServer sends an alert to a client that does not speak TLS", async () => {
  using accepted = await accept();
  const { server, tcp } = accepted;
  const alert = new Uint8Array(9);
  await tcp.write(new TextEncoder().encode("hello\n"));
  const calls = [() => server.read(alert), () => server.handshake()];
  for (const call of calls) {
    const { message } = await assertRejects(
      async () => void await call(),
      Deno.errors.ConnectionAborted,
    );
    const problem = "Cannot speak TLS: the other side does not speak TLS";
    assertEquals(message, problem);
  }
  assertEquals(await tcp.read(alert), 7);
  assertEquals(alert.subarray(0, 7).toHex(), "15030300" + "02020a");
  assertEquals(await tcp.read(alert), null);
});

test("TlsServer fails the handshake if the client closes first", async () => {
  for (const sent of [[], [0x16, 3, 1]]) {
    using accepted = await accept();
    const { server, tcp } = accepted;
    await tcp.write(Uint8Array.from(sent));
    await tcp.closeWrite();
    await assertRejects(
      () => server.handshake(),
      Deno.errors.UnexpectedEof,
      "the peer closed before the end of the handshake",
    );
  }
});

test("TlsServer reads to the end of a connection that ends without close_notify", async () => {
  const end = Promise.withResolvers<null>();
  using accepted = await accept((conn) => {
    const read = conn.read.bind(conn);
    conn.read = (into) => Promise.race([read(into), end.promise]);
  });
  const client = await connect(accepted);
  const { server } = accepted;
  await client.write(Uint8Array.of(7));
  const into = new Uint8Array(9);
  assertEquals(await server.read(into), 1);
  end.resolve(null);
  assertEquals(await server.read(into), null);
  client.close();
});

test("TlsServerStream.close() ends a pending read", async () => {
  using accepted = await accept();
  const client = await connect(accepted);
  const { server } = accepted;
  const ended = assertRejects(
    () => server.read(new Uint8Array(9)),
    Deno.errors.Interrupted,
  );
  server.close();
  await ended;
  await assertRejects(
    () => server.write(Uint8Array.of(1)),
    Deno.errors.Interrupted,
  );
  await assertRejects(() => server.closeWrite(), Deno.errors.Interrupted);
  client.close();
});

test("TlsServerStream.close() ends a pending write and closeWrite()", async () => {
  const waits = Promise.withResolvers<void>();
  let isStalled = false;
  using accepted = await accept((conn) => {
    const write = conn.write.bind(conn);
    conn.write = (bytes) => {
      if (!isStalled) return write(bytes);
      waits.resolve();
      return new Promise<never>(() => {});
    };
  });
  const client = await connect(accepted);
  const { server } = accepted;
  isStalled = true;
  const ended = assertRejects(() => server.write(Uint8Array.of(1)));
  await waits.promise;
  const ending = server.closeWrite();
  server.close();
  await ended;
  await ending;
  client.close();
});

/** Makes writes to a connection fail once `isBroken` is set. */
function breakableWrites() {
  const state = { isBroken: false, failures: 0 };
  const change = (conn: Deno.TcpConn): void => {
    const write = conn.write.bind(conn);
    conn.write = (bytes) => {
      if (!state.isBroken) return write(bytes);
      state.failures++;
      return Promise.reject(new Deno.errors.ConnectionReset());
    };
  };
  return { state, change };
}

test("TlsServer fails reads after a write to the connection has failed", async () => {
  const { state, change } = breakableWrites();
  using accepted = await accept(change);
  const client = await connect(accepted);
  const { server } = accepted;
  state.isBroken = true;
  const ended = assertRejects(
    () => server.read(new Uint8Array(9)),
    Deno.errors.ConnectionReset,
  );
  // The written byte is lost without an error; the read fails.
  await server.write(Uint8Array.of(1));
  await ended;
  client.close();
});

test("TlsServerStream.closeWrite() resolves on a lost connection", async () => {
  const { state, change } = breakableWrites();
  using accepted = await accept(change);
  const client = await connect(accepted);
  state.isBroken = true;
  await accepted.server.closeWrite();
  assertEquals(state.failures, 1);
  client.close();
});
