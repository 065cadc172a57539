import { assert, assertEquals } from "@std/assert";
import { FairScheduler } from "../../central/fair_scheduler.ts";
import { ReplyQueue } from "../../central/reply_queue.ts";
import { Connection } from "../../net/connection.ts";
import { FakeStream } from "../support/fake_stream.ts";
import { FakeTime } from "../support/fake_time.ts";
import "../support/sanitized.ts";

const PIECE_BYTES = 1 << 16;

/** Counts the largest write. */
class MeasuredStream extends FakeStream {
  largest = 0;

  override write(bytes: Uint8Array): Promise<number> {
    this.largest = Math.max(this.largest, bytes.length);
    return super.write(bytes);
  }
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
    const connection = new Connection(stream, {});
    const queue = new ReplyQueue(connection, new FairScheduler({ size: 1 }));
    queue.enqueue(Promise.resolve({ frame, closes: false }));
  }
  await settle();
  assertEquals(written.length, 500);
  for (const { buffer, length } of written) {
    assertEquals(length, PIECE_BYTES);
    assert(buffer === frame.buffer);
  }
});

/** Lets everything go on that can. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
}

Deno.test("ReplyQueue is full with 16 replies that are not known yet", () => {
  using connection = new Connection(new FakeStream([]), {});
  const queue = new ReplyQueue(connection, new FairScheduler({ size: 1 }));
  for (let i = 0; i < 16; i++) {
    assert(!queue.isFull);
    queue.enqueue(new Promise(() => {}));
  }
  assert(queue.isFull);
});
