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
