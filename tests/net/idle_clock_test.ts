import { assertEquals } from "@std/assert";
import { IdleClock } from "../../net/idle_clock.ts";

const TIMEOUT = 100;

Deno.test("IdleClock expires when a wait has lasted the timeout", () => {
  using time = new FakedTime();
  let expired = 0;
  const clock = new IdleClock(TIMEOUT, () => expired++);
  clock.start();
  time.pass(TIMEOUT - 1);
  assertEquals([expired, clock.hasExpired], [0, false]);
  time.pass(1);
  assertEquals([expired, clock.hasExpired], [1, true]);
});

Deno.test("IdleClock measures each wait from its own start", () => {
  using time = new FakedTime();
  const clock = new IdleClock(TIMEOUT, () => {});
  for (let wait = 0; wait < 5; wait++) {
    clock.start();
    time.pass(TIMEOUT - 1);
    clock.stop();
  }
  assertEquals(clock.hasExpired, false);
});

Deno.test("IdleClock stands still between waits", () => {
  using time = new FakedTime();
  const clock = new IdleClock(TIMEOUT, () => {});
  clock.start();
  clock.stop();
  time.pass(10 * TIMEOUT);
  assertEquals(clock.hasExpired, false);
});

Deno.test("IdleClock restarts when one of two waits is over", () => {
  using time = new FakedTime();
  const clock = new IdleClock(TIMEOUT, () => {});
  clock.start();
  for (let wait = 0; wait < 5; wait++) {
    clock.start();
    time.pass(TIMEOUT - 1);
    clock.stop();
  }
  assertEquals(clock.hasExpired, false);
  time.pass(TIMEOUT);
  assertEquals(clock.hasExpired, true);
});

Deno.test("IdleClock does not expire once it has ended", () => {
  using time = new FakedTime();
  const clock = new IdleClock(TIMEOUT, () => {});
  clock.start();
  clock.end();
  clock.stop();
  clock.start();
  time.pass(2 * TIMEOUT);
  assertEquals(clock.hasExpired, false);
});

/** A clock that the test moves, with one timer at a time. */
class FakedTime {
  readonly #real = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
  };
  readonly #realNow = performance.now;
  #now = 0;
  #timer: { run: () => void; dueAt: number } | undefined;

  constructor() {
    performance.now = () => this.#now;
    Object.assign(globalThis, {
      setTimeout: (run: () => void, delay: number) => {
        this.#timer = { run, dueAt: this.#now + delay };
        return 1;
      },
      clearTimeout: () => this.#timer = undefined,
    });
  }

  pass(milliseconds: number): void {
    const until = this.#now + milliseconds;
    for (let timer; (timer = this.#timer) && timer.dueAt <= until;) {
      this.#now = timer.dueAt;
      this.#timer = undefined;
      timer.run();
    }
    this.#now = until;
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, this.#real);
    performance.now = this.#realNow;
  }
}
