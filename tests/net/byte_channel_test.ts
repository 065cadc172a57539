import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { Connection } from "../../net/connection.ts";
import { FakeStream } from "../support/fake_stream.ts";
import { FakeTime } from "../support/fake_time.ts";
import { frame } from "../support/frames.ts";
import { testOnline as test } from "../support/permissions.ts";
import "../support/watchdog.ts";
import { Wire } from "../support/wire.ts";

const SMALL = frame(4, Uint8Array.of(0, 0, 0, 7));
const LARGEST = frame(1, new Uint8Array(8187));

Deno.test("write() continues after short writes", async () => {
  const stream = new FakeStream([], { maxWrite: 7 });
  using connection = new Connection(stream, {});
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
  await connection.write(bytes);
  assertEquals(stream.written, bytes);
  assertEquals(stream.writes, 15);
});

Deno.test("write() drops a peer that does not read", async () => {
  const stream = new FakeStream([], { maxWrite: 0 });
  using connection = new Connection(stream, { idleTimeoutMs: 10 });
  await assertRejects(
    () => connection.write(SMALL),
    Deno.errors.TimedOut,
    "idle for 10 ms",
  );
  assert(stream.isClosed);
});

Deno.test("close() ends a read that waits", async () => {
  const connection = new Connection(new FakeStream([SMALL.slice(0, 2)]), {});
  const waiting = connection.readFrame();
  connection.close();
  assertEquals(await waiting, null);
  assertEquals(await connection.fill(), false);
});

Deno.test("hangUp() ends a read that waits, in mid-frame too", async () => {
  for (const bytes of [SMALL.slice(0, 0), SMALL.slice(0, 2)]) {
    const stream = new FakeStream([]);
    const connection = new Connection(stream, {});
    const waiting = connection.readFrame();
    const hangingUp = connection.hangUp();
    assert(connection.hasEnded);
    if (bytes.length > 0) stream.push(bytes);
    stream.end();
    assertEquals(await waiting, null);
    await hangingUp;
    assertEquals(stream.writes, 0);
  }
});

Deno.test("readFrame() fails if the connection is lost, and may be tried again", async () => {
  const stream = new FakeStream([SMALL]);
  const read = stream.read.bind(stream);
  using connection = new Connection(stream, {});
  stream.read = () => Promise.reject(new Deno.errors.ConnectionReset());
  await assertRejects(
    () => connection.readFrame(),
    Deno.errors.ConnectionReset,
  );
  stream.read = read;
  assertEquals((await connection.readFrame())?.type, 4);
});

Deno.test("fill() reads once for all who wait, and grows the buffer to 8 frames", async () => {
  const stream = new FakeStream([new Uint8Array(100_000)]);
  const read = stream.read.bind(stream);
  const rooms: number[] = [];
  stream.read = (into) => {
    rooms.push(into.length);
    return read(into);
  };
  using connection = new Connection(stream, {});
  const both = [connection.fill(), connection.fill()];
  assertEquals(await Promise.all(both), [true, true]);
  assertEquals(rooms, [8192]);
  assertEquals(await connection.watch(new Promise(() => {})), false);
  assertEquals(rooms, [8192, 8192, 16384, 32768]);
  assert(connection.isFull);
  assertEquals(stream.unread, 100_000 - 65_536);
  const { buffer } = connection;
  connection.consume(60_000);
  // There is room again for a peer that waits.
  const done = Promise.withResolvers<void>();
  const watching = connection.watch(done.promise);
  assert(await connection.fill());
  done.resolve();
  assert(await watching);
  assert(connection.buffer === buffer);
  assertEquals([connection.start, connection.end], [0, 5536 + 34_464]);
});

Deno.test("watch() keeps what the peer sends in the meantime", async () => {
  const stream = new FakeStream([]);
  using connection = new Connection(stream, { idleTimeoutMs: 10 });
  const done = Promise.withResolvers<void>();
  const watching = connection.watch(done.promise);
  stream.push(SMALL);
  done.resolve();
  assertEquals(await watching, true);
  assertEquals((await connection.readFrame())?.type, 4);
});

Deno.test("watch() notices that the peer leaves", async () => {
  using connection = new Connection(
    new FakeStream([SMALL], { ends: true }),
    {},
  );
  const never = new Promise<never>(() => {});
  assertEquals(await connection.watch(never), false);
});

Deno.test("hangUp() writes, ends its side, and waits for the peer's end", async () => {
  // More than the buffer ever holds.
  const pieces = Array.from({ length: 30 }, () => LARGEST);
  const stream = new FakeStream(pieces, { ends: true });
  const connection = new Connection(stream, {});
  await connection.hangUp(frame(2));
  assertEquals(stream.written, frame(2));
  assert(stream.isWriteClosed);
  assertEquals(stream.unread, 0);
  assert(stream.isClosed);
});

Deno.test("hangUp() waits only a moment for a peer that stays", async () => {
  using time = new FakeTime();
  const stream = new FakeStream([]);
  const hangingUp = new Connection(stream, {}).hangUp(frame(2));
  time.advance(299);
  assertFalse(stream.isClosed);
  time.advance(1);
  await hangingUp;
  assert(stream.isClosed);
  assertEquals(stream.written, frame(2));
});

Deno.test("Connection.hangUp() ignores a lost connection, and throws other errors", async () => {
  for (const error of [new Deno.errors.ConnectionReset(), new TypeError("x")]) {
    const stream = new FakeStream([]);
    stream.closeWrite = () => Promise.reject(error);
    const hangingUp = new Connection(stream, {}).hangUp();
    if (error instanceof TypeError) {
      await assertRejects(() => hangingUp, TypeError, "x");
    } else await hangingUp;
    assert(stream.isClosed);
  }
});

test("Connection.hangUp() lets the peer read the last frame though it has sent more", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using wire = await Wire.connect(listener.addr.port);
  const connection = new Connection(await listener.accept(), {});
  await wire.send(SMALL, ...Array.from({ length: 30 }, () => LARGEST));
  assertEquals((await connection.readFrame())?.type, 4);
  const [, reply] = await Promise.all([
    connection.hangUp(frame(3, Uint8Array.of(9, 255, 255))),
    wire.reply().finally(() => wire.closeWrite()),
  ]);
  assertEquals(reply?.type, 3);
  await wire.closed();
});
