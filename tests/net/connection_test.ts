import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { Connection } from "../../net/connection.ts";
import { type Frame, ProtocolError } from "../../protocol/mod.ts";
import { FakeStream } from "../support/fake_stream.ts";
import { FakeTime } from "../support/fake_time.ts";
import { concat, frame } from "../support/frames.ts";
import "../support/watchdog.ts";

const SMALL = frame(4, Uint8Array.of(0, 0, 0, 7));

Deno.test("readFrame() reads many frames from one piece, in order", async () => {
  const frames = Array.from(
    { length: 500 },
    (_, i) => frame(1, Uint8Array.of(i >> 8, i & 255)),
  );
  using connection = new Connection(new FakeStream([concat(frames)]), {});
  for (let i = 0; i < frames.length; i++) {
    assertEquals(copy(await connection.readFrame()), {
      type: 1,
      payload: [i >> 8, i & 255],
    });
  }
});

Deno.test("readFrame() reads frames cut at every position of two pieces", async () => {
  const bytes = concat([SMALL, frame(2), SMALL]);
  for (let cut = 1; cut < bytes.length; cut++) {
    const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)];
    using connection = new Connection(
      new FakeStream(pieces, { ends: true }),
      {},
    );
    const types: number[] = [];
    for (;;) {
      const next = await connection.readFrame();
      if (!next) break;
      types.push(next.type);
    }
    assertEquals(types, [4, 2, 4], `cut at ${cut}`);
  }
});

Deno.test("readFrame() returns null if the peer closes between frames", async () => {
  using silent = new Connection(new FakeStream([], { ends: true }), {});
  assertEquals(await silent.readFrame(), null);
  using polite = new Connection(new FakeStream([SMALL], { ends: true }), {});
  assertEquals((await polite.readFrame())?.type, 4);
  assertEquals(await polite.readFrame(), null);
});

Deno.test("readFrame() fails if the peer closes anywhere in a frame", async () => {
  for (let cut = 1; cut < SMALL.length; cut++) {
    const stream = new FakeStream([SMALL.subarray(0, cut)], { ends: true });
    using connection = new Connection(stream, {});
    const error = await assertRejects(
      () => connection.readFrame(),
      Deno.errors.UnexpectedEof,
    );
    assertStringIncludes(error.message, `after ${cut} bytes`);
  }
});

for (const declared of [8188, 4294967295]) {
  Deno.test(`readFrame() refuses ${declared} bytes from the header alone, behind a valid frame`, async () => {
    const large = frame(1, new Uint8Array(0), declared);
    const stream = new FakeStream([
      concat([SMALL, large]),
      new Uint8Array(100),
    ]);
    using connection = new Connection(stream, {});
    assertEquals((await connection.readFrame())?.type, 4);
    assertEquals(connection.nextBufferedFrame(), undefined);
    const error = await assertRejects(
      () => connection.readFrame(),
      ProtocolError,
    );
    assertEquals(error.error, "TOO_LARGE");
    assertEquals(stream.unread, 100);
  });
}

for (
  const [bytes, isTls] of [
    [[0x16, 3, 1, 2, 0], true],
    [[0x15, 3, 3, 0, 2], true],
    [[0x16, 4, 1, 2, 0], false],
    [[0x17, 3, 1, 2, 0], false],
  ] as const
) {
  Deno.test(`readFrame() ${isTls ? "knows" : "takes no"} TLS in ${bytes}`, async () => {
    // Behind a valid frame.
    const stream = new FakeStream([concat([SMALL, Uint8Array.from(bytes)])]);
    using connection = new Connection(stream, {});
    await connection.readFrame();
    await assertRejects(
      () => connection.readFrame(),
      ProtocolError,
      isTls ? "speaks TLS, this one does not" : "bytes, at most 8192 are",
    );
  });
}

Deno.test("readFrame() drops a peer that never completes a frame", async () => {
  const stream = new FakeStream([frame(1, new Uint8Array(0), 8187)]);
  // If each byte restarted the clock, the frame would take over 8 s.
  const dripping = setInterval(() => stream.push(Uint8Array.of(0)), 1);
  using connection = new Connection(stream, { idleTimeoutMs: 50 });
  try {
    await assertRejects(
      () => connection.readFrame(),
      Deno.errors.TimedOut,
      "idle for 50 ms",
    );
    assert(stream.isClosed);
  } finally {
    clearInterval(dripping);
  }
});

Deno.test("readFrame() restarts the time limit with each frame", async () => {
  using time = new FakeTime();
  const stream = new FakeStream([]);
  using connection = new Connection(stream, { idleTimeoutMs: 1000 });
  for (let i = 0; i < 4; i++) {
    // While nothing is read, there is none.
    time.advance(5000);
    const waiting = connection.readFrame();
    time.advance(900);
    stream.push(SMALL);
    assertEquals((await waiting)?.type, 4);
  }
  const waiting = connection.readFrame();
  time.advance(1001);
  await assertRejects(() => waiting, Deno.errors.TimedOut);
});

Deno.test("nextBufferedFrame() returns only complete frames", async () => {
  const stream = new FakeStream([concat([SMALL, frame(2), SMALL.slice(0, 8)])]);
  using connection = new Connection(stream, {});
  assertEquals(connection.nextBufferedFrame(), undefined);
  assertEquals((await connection.readFrame())?.type, 4);
  assertEquals(connection.nextBufferedFrame()?.type, 2);
  assertEquals(connection.nextBufferedFrame(), undefined);
  assert(connection.isMidFrame);
  stream.push(SMALL.slice(8));
  assertEquals((await connection.readFrame())?.type, 4);
  assertFalse(connection.isMidFrame);
});

/** The content of a frame. The payload itself is reused. */
function copy(
  taken: Frame | null,
): { type: number; payload: number[] } | undefined {
  return taken ? { type: taken.type, payload: [...taken.payload] } : undefined;
}
