import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { FairScheduler } from "../../central/fair_scheduler.ts";
import { type Reply, ReplyQueue } from "../../central/replies.ts";
import { Connection } from "../../net/connection.ts";
import { everyTurn } from "../support/deadline.ts";
import { FakeStream } from "../support/fake_stream.ts";
import { FakeTime } from "../support/fake_time.ts";
import "../support/watchdog.ts";

const PIECE_BYTES = 1 << 16;

/** Counts the largest write. */
class MeasuredStream extends FakeStream {
  largest = 0;

  override write(bytes: Uint8Array): Promise<number> {
    this.largest = Math.max(this.largest, bytes.length);
    return super.write(bytes);
  }
}

function queueTo(
  stream: FakeStream,
  scheduler = new FairScheduler({ size: 1 }),
): ReplyQueue {
  return new ReplyQueue(new Connection(stream, {}), scheduler);
}

Deno.test("ReplyQueue sends a long reply in pieces that take turns", async () => {
  const stream = new MeasuredStream([]);
  using connection = new Connection(stream, {});
  const scheduler = new FairScheduler({ size: 1 });
  const waitForPiece = scheduler.waitForPiece.bind(scheduler);
  let turns = 0;
  scheduler.waitForPiece = () => {
    turns++;
    return waitForPiece();
  };
  const queue = new ReplyQueue(connection, scheduler);
  const frame = Uint8Array.from(
    { length: 3 * PIECE_BYTES + 1 },
    (_, i) => i % 251,
  );
  queue.enqueue(Promise.resolve({ frame, closes: false }));
  await queue.whenIdle();
  assertEquals(stream.written, frame);
  assertEquals([stream.writes, turns], [4, 3]);
  assertEquals(stream.largest, PIECE_BYTES);
});

function replyOf(...bytes: number[]): Reply {
  return { frame: Uint8Array.from(bytes), closes: false };
}

Deno.test("ReplyQueue sends replies in order, those known at once in one write", async () => {
  const stream = new FakeStream([]);
  const queue = queueTo(stream);
  const first = Promise.withResolvers<Reply>();
  const last = Promise.withResolvers<Reply>();
  queue.enqueue(first.promise);
  for (const byte of [2, 3]) queue.enqueue(Promise.resolve(replyOf(byte)));
  queue.enqueue(last.promise);
  await everyTurn();
  assertEquals(stream.writes, 0);
  first.resolve(replyOf(1));
  await everyTurn();
  assertEquals([stream.writes, [...stream.written]], [1, [1, 2, 3]]);
  last.resolve(replyOf(4));
  await queue.whenIdle();
  assertEquals([stream.writes, [...stream.written]], [2, [1, 2, 3, 4]]);
  assertFalse(queue.isOver);
  queue.enqueue(Promise.resolve(replyOf(5)));
  await queue.whenIdle();
  assertEquals([...stream.written], [1, 2, 3, 4, 5]);
});

Deno.test("ReplyQueue sends nothing after a reply that closes", async () => {
  const stream = new FakeStream([]);
  const queue = queueTo(stream);
  queue.enqueue(Promise.resolve(replyOf(1)));
  queue.enqueue(Promise.resolve({ ...replyOf(2), closes: true }));
  queue.enqueue(Promise.resolve(replyOf(3)));
  let isIdle = false;
  const idle = queue.whenIdle().then(() => isIdle = true);
  await everyTurn();
  // The agency has time to read it.
  assertEquals([queue.isOver, isIdle, stream.isClosed], [true, false, false]);
  stream.end();
  await idle;
  queue.enqueue(Promise.resolve(replyOf(4)));
  await queue.whenIdle();
  assertEquals([...stream.written], [1, 2]);
  assert(stream.isWriteClosed && stream.isClosed);
});

Deno.test("ReplyQueue reports a fault behind a reply that closes, too", async () => {
  const stream = new FakeStream([], { ends: true });
  const queue = queueTo(stream);
  const unsent = Promise.withResolvers<Reply>();
  queue.enqueue(Promise.resolve({ ...replyOf(1), closes: true }));
  queue.enqueue(unsent.promise);
  const failed = assertRejects(() => queue.whenIdle(), TypeError, "a slip");
  await everyTurn();
  assert(stream.isClosed);
  unsent.reject(new TypeError("a slip"));
  await failed;
  assertEquals([...stream.written], [1]);
});

Deno.test("ReplyQueue closes the connection if a reply cannot be made or sent", async () => {
  for (const isMade of [false, true]) {
    const stream = new FakeStream([]);
    const error = new Deno.errors.ConnectionReset();
    stream.write = () => Promise.reject(error);
    const queue = queueTo(stream);
    queue.enqueue(isMade ? Promise.resolve(replyOf(1)) : Promise.reject(error));
    const thrown = await assertRejects(() => queue.whenIdle(), Error);
    assert(thrown === error);
    assert(stream.isClosed && queue.isOver);
  }
});

Deno.test("ReplyQueue gives each piece of a long reply its own time", async () => {
  using time = new FakeTime();
  const stream = new FakeStream([]);
  const write = stream.write.bind(stream);
  stream.write = (bytes) => {
    // The agency reads slowly, but it reads.
    time.advance(900);
    return write(bytes);
  };
  using connection = new Connection(stream, { idleTimeoutMs: 1000 });
  const scheduler = new FairScheduler({ size: 1 });
  scheduler.waitForPiece = () => Promise.resolve();
  const queue = new ReplyQueue(connection, scheduler);
  const frame = new Uint8Array(5 * PIECE_BYTES);
  queue.enqueue(Promise.resolve({ frame, closes: false }));
  await queue.whenIdle();
  assertEquals(stream.written.length, frame.length);
  assert(!stream.isClosed);
});

Deno.test("ReplyQueue keeps one piece of a list that is not read, and no copy", async () => {
  const frame = new Uint8Array(5 * PIECE_BYTES);
  const written: Uint8Array[] = [];
  for (let agency = 0; agency < 500; agency++) {
    const stream = new FakeStream([]);
    stream.write = (bytes) => {
      written.push(bytes);
      return new Promise(() => {});
    };
    const queue = queueTo(stream);
    queue.enqueue(Promise.resolve({ frame, closes: false }));
  }
  await everyTurn();
  assertEquals(written.length, 500);
  for (const { buffer, length } of written) {
    assertEquals(length, PIECE_BYTES);
    assert(buffer === frame.buffer);
  }
});

Deno.test("ReplyQueue is full with 16 replies that are not known yet", () => {
  const queue = queueTo(new FakeStream([]));
  for (let i = 0; i < 16; i++) {
    assert(!queue.isFull);
    queue.enqueue(new Promise(() => {}));
  }
  assert(queue.isFull);
});
