import { assertEquals } from "@std/assert";
import { IdleClock } from "../../net/idle_clock.ts";
import { FakeTime } from "../support/fake_time.ts";

const TIMEOUT = 100;

Deno.test("IdleClock expires when a wait has lasted the timeout", () => {
  using time = new FakeTime();
  let expired = 0;
  const clock = new IdleClock(TIMEOUT, () => expired++);
  clock.start();
  time.advance(TIMEOUT - 1);
  assertEquals([expired, clock.hasExpired], [0, false]);
  time.advance(1);
  assertEquals([expired, clock.hasExpired], [1, true]);
});

Deno.test("IdleClock measures each wait from its own start", () => {
  using time = new FakeTime();
  const clock = new IdleClock(TIMEOUT, () => {});
  for (let wait = 0; wait < 5; wait++) {
    clock.start();
    time.advance(TIMEOUT - 1);
    clock.stop();
  }
  assertEquals(clock.hasExpired, false);
});

Deno.test("IdleClock stands still between waits", () => {
  using time = new FakeTime();
  const clock = new IdleClock(TIMEOUT, () => {});
  clock.start();
  clock.stop();
  time.advance(10 * TIMEOUT);
  assertEquals(clock.hasExpired, false);
});

Deno.test("IdleClock restarts when one of two waits is over", () => {
  using time = new FakeTime();
  const clock = new IdleClock(TIMEOUT, () => {});
  clock.start();
  for (let wait = 0; wait < 5; wait++) {
    clock.start();
    time.advance(TIMEOUT - 1);
    clock.stop();
  }
  assertEquals(clock.hasExpired, false);
  time.advance(TIMEOUT);
  assertEquals(clock.hasExpired, true);
});

Deno.test("IdleClock does not expire once it has ended", () => {
  using time = new FakeTime();
  const clock = new IdleClock(TIMEOUT, () => {});
  clock.start();
  clock.end();
  clock.stop();
  clock.start();
  time.advance(2 * TIMEOUT);
  assertEquals(clock.hasExpired, false);
});

Deno.test("IdleClock gives a peer more time if this process was held up", () => {
  using time = new FakeTime();
  const delays: number[] = [];
  let look = (): void => {};
  const clock = new IdleClock(TIMEOUT, () => {}, (callback, delayMs) => {
    look = callback;
    delays.push(delayMs);
    return () => {};
  });
  clock.start();
  time.advance(TIMEOUT + 11);
  look();
  assertEquals([clock.hasExpired, delays], [false, [TIMEOUT, 50]]);
  time.advance(50);
  look();
  assertEquals(clock.hasExpired, true);
});
