import { assertEquals, assertGreater, assertLess } from "@std/assert";
import {
  backoff,
  formatWait,
  waitLeft,
} from "../../agency/connection/backoff.ts";
import { KEYS } from "../../program/config/config_keys.ts";

Deno.test("backoff() doubles up to ten seconds", () => {
  const delays = Array.from({ length: 10 }, (_, i) => backoff(i + 1, 100, 0));
  assertEquals(delays, [
    ...[100, 200, 400, 800, 1600, 3200, 6400],
    ...[10_000, 10_000, 10_000],
  ]);
  assertEquals(backoff(2000, 100, 0), 10_000);
  assertEquals(backoff(1, 60_000, 0), 10_000);
});

Deno.test("backoff() is randomly shortened by up to a half", () => {
  assertEquals(backoff(1, 100, 0.5), 75);
  assertEquals(backoff(2, 100, 0.999), 200 * (1 - 0.999 / 2));
  assertEquals(backoff(9, 100, 0.5), 7500);
});

Deno.test("backoff() covers a minute by default, for any random number", () => {
  const [attempts, baseDelayMs] = [
    KEYS["retry.maxAttempts"],
    KEYS["retry.baseDelay"],
  ].map(({ type, fallback }) => type.parse(fallback)!) as [number, number];
  const waits = (random: number) =>
    Array.from(
      { length: attempts - 1 },
      (_, i) => backoff(i + 1, baseDelayMs, random),
    );
  const sum = (delays: number[]) => delays.reduce((a, b) => a + b);
  assertGreater(sum(waits(0.9999)), 60_000);
  assertLess(sum(waits(0).slice(0, 3)), 1000);
});

Deno.test("waitLeft() sums up the average waits that are left", () => {
  assertEquals(waitLeft(1, 1, 100), 0);
  assertEquals(waitLeft(1, 4, 100), 75 + 150 + 300);
  assertEquals(waitLeft(3, 4, 100), 300);
  assertEquals(waitLeft(1, 1_000_000, 10_000), 999_999 * 7500);
});

Deno.test("formatWait() rounds up", () => {
  assertEquals([1, 1000, 1001, 118_500].map(formatWait), [
    ...["1s", "1s", "2s", "119s"],
  ]);
  assertEquals([121_000, 3_600_000].map(formatWait), ["2min", "60min"]);
});
