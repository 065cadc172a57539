import { assertEquals, assertRejects } from "@std/assert";
import { delay } from "../../program/timer.ts";
import { FakeTime } from "../support/fake_time.ts";

Deno.test("delay() waits for the given time", async () => {
  using time = new FakeTime();
  const { signal } = new AbortController();
  let isOver = false;
  const waiting = delay(500, signal).then(() => isOver = true);
  time.advance(499);
  await Promise.resolve();
  assertEquals(isOver, false);
  time.advance(1);
  await waiting;
});

Deno.test("delay() ends with the signal's reason, and leaves no timer", async () => {
  using time = new FakeTime();
  const controller = new AbortController();
  const waiting = delay(500, controller.signal);
  const rejected = assertReason(waiting);
  controller.abort("SIGTERM");
  await rejected;
  assertEquals(time.pending, 0);
  await assertReason(delay(500, controller.signal));
  assertEquals(time.pending, 0);
});

async function assertReason(waiting: Promise<void>): Promise<void> {
  await assertRejects(
    async () => {
      try {
        await waiting;
      } catch (reason) {
        assertEquals(reason, "SIGTERM");
        throw new Error("ended");
      }
    },
    Error,
    "ended",
  );
}
