import { assert, assertEquals } from "@std/assert";
import { IdleClock } from "../../net/idle_clock.ts";
import { FakeTime } from "../support/fake_time.ts";
import "../support/watchdog.ts";

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

/** Calls and milliseconds that pass, and whether the clock expires. */
const RUNS: Record<string, [steps: (Call | number)[], expires: boolean]> = {
  "measures each wait from its own start": [
    ["start", TIMEOUT - 1, "stop", "start", TIMEOUT - 1, "stop"],
    false,
  ],
  "stands still between waits": [["start", "stop", 10 * TIMEOUT], false],
  "restarts when one of two waits is over": [
    ["start", "start", TIMEOUT - 1, "stop", "start", TIMEOUT - 1, "stop"],
    false,
  ],
  "expires when the other of two waits lasts": [
    ["start", "start", TIMEOUT - 1, "stop", TIMEOUT],
    true,
  ],
  "does not expire once it has ended": [
    ["start", "end", "stop", "start", 2 * TIMEOUT],
    false,
  ],
  "does not start once it has ended": [["end", "start", 2 * TIMEOUT], false],
};
type Call = "start" | "stop" | "end";

for (const [name, [steps, expires]] of Object.entries(RUNS)) {
  Deno.test(`IdleClock ${name}`, () => {
    using time = new FakeTime();
    const clock = new IdleClock(TIMEOUT, () => {});
    for (const step of steps) {
      if (typeof step === "number") time.advance(step);
      else clock[step]();
    }
    assertEquals(clock.hasExpired, expires);
  });
}

/** A clock whose timer fires when the test says so. */
function clockByHand() {
  const delays: number[] = [];
  const hand = { look: (): void => {} };
  const clock = new IdleClock(TIMEOUT, () => {}, (callback, delayMs) => {
    hand.look = callback;
    delays.push(delayMs);
    return () => {};
  });
  return { clock, hand, delays };
}

Deno.test("IdleClock gives a peer more time if this process was held up", () => {
  for (const [lateMs, expires] of [[10, true], [11, false]] as const) {
    using time = new FakeTime();
    const { clock, hand, delays } = clockByHand();
    clock.start();
    time.advance(TIMEOUT + lateMs);
    hand.look();
    assertEquals(clock.hasExpired, expires);
    if (expires) continue;
    assertEquals(delays, [TIMEOUT, 50]);
    time.advance(50);
    hand.look();
    assertEquals(clock.hasExpired, true);
  }
});

Deno.test("IdleClock has one timer for many waits, and none without a timeout", () => {
  using time = new FakeTime();
  const { clock, hand, delays } = clockByHand();
  for (let i = 0; i < 10; i++) {
    clock.start();
    time.advance(6);
    clock.stop();
  }
  clock.start();
  time.advance(TIMEOUT - 60);
  hand.look();
  // The rest of the current wait.
  assertEquals(delays, [TIMEOUT, 60]);
  clock.stop();
  time.advance(60);
  hand.look();
  clock.start();
  assertEquals(delays, [TIMEOUT, 60, TIMEOUT]);
  new IdleClock(Infinity, () => {}).start();
  assertEquals(time.pending, 0);
});

Deno.test("IdleClock.explain() returns a time-out once it has expired", () => {
  using time = new FakeTime();
  const clock = new IdleClock(TIMEOUT, () => {});
  const cause = new Error("closed");
  assertEquals(clock.explain(cause), cause);
  clock.start();
  time.advance(TIMEOUT);
  const error = clock.explain(cause);
  assert(error instanceof Deno.errors.TimedOut);
  assertEquals(error.message, "Cannot wait for the peer: idle for 100 ms");
  assertEquals(error.cause, cause);
});
