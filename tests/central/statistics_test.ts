import { assertEquals } from "@std/assert";
import { Histogram, Statistics } from "../../central/statistics.ts";
import "../support/watchdog.ts";
import { replace } from "../support/replaced.ts";

Deno.test("Histogram counts up to each bound", () => {
  const histogram = new Histogram([1, 2, 5]);
  for (const value of [0.5, 1, 1.5, 5, 7]) histogram.add(value);
  assertEquals(histogram.cumulative, [2, 3, 4]);
  assertEquals([histogram.count, histogram.sum], [5, 15]);
});

Deno.test("Statistics.commitQuantile() is that of the latest commits", () => {
  const statistics = new Statistics();
  assertEquals(statistics.commitQuantile(0.5), 0);
  for (let i = 1; i <= 2000; i++) statistics.onCommit(1, i);
  assertEquals(statistics.commitQuantile(1), 2000);
  assertEquals(statistics.commitQuantile(0), 977);
  assertEquals(statistics.commitQuantile(0.5), 977 + 511);
});

Deno.test("Statistics.commitQuantile() returns the smallest time that is enough for a part of the commits", () => {
  const statistics = new Statistics();
  // In any order, and as numbers, not as texts.
  for (let i = 0; i < 100; i++) statistics.onCommit(1, (i * 37) % 100 + 1);
  const parts = [0, 0.01, 0.011, 0.5, 0.99, 0.991, 1];
  assertEquals(parts.map((part) => statistics.commitQuantile(part)), [
    ...[1, 1, 2, 50, 99, 100, 100],
  ]);
});

Deno.test("Statistics has bounds from a tenth of a millisecond and from one batch", () => {
  const { commitSeconds, commitBatches } = new Statistics();
  assertEquals(commitSeconds.bounds, [
    ...[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05],
    ...[0.1, 0.25, 0.5, 1, 2.5],
  ]);
  assertEquals(commitBatches.bounds, [1, 2, 4, 8, 16, 32, 64, 128, 256]);
});

Deno.test("Statistics knows when and from where an agency was last seen", () => {
  const statistics = new Statistics();
  const calls = [
    () => statistics.onRequest(1, "::1"),
    () => statistics.onStored(1, "::2"),
    () => statistics.onRefusedBatch({ agency: 1, betCount: 3 }, "::3"),
    () => statistics.onRequest(1, "::4"),
  ];
  for (const [i, call] of calls.entries()) {
    using _date = replace(Date, { now: () => 1000 * i });
    call();
    assertEquals(statistics.activityOf(1), {
      refused: i < 2 ? 0 : 3,
      lastSeenMs: 1000 * i,
      address: `::${i + 1}`,
    });
  }
  assertEquals(statistics.activityOf(2), undefined);
});

Deno.test("Statistics counts each kind of event once", () => {
  const statistics = new Statistics();
  statistics.onStored(1, "::1");
  statistics.onRefusedBatch({ agency: 1, betCount: 5 }, "::2");
  statistics.onRefusedBatch(undefined, "::3");
  statistics.onRefusal("INVALID_BET");
  for (let i = 0; i < 2; i++) statistics.onRefusal("UNKNOWN_TYPE");
  statistics.onCommit(3, 0.25);
  const { acceptedBatches, refusedBatches, refusals } = statistics;
  assertEquals([acceptedBatches, refusedBatches], [1, 2]);
  assertEquals([refusals.get("INVALID_BET"), refusals.get("UNKNOWN_TYPE")], [
    ...[1, 2],
  ]);
  // Otherwise Prometheus would not see the first one.
  assertEquals(refusals.get("STORAGE"), 0);
  const { commitBatches, commitSeconds } = statistics;
  assertEquals([commitBatches.count, commitBatches.sum], [1, 3]);
  assertEquals([commitSeconds.count, commitSeconds.sum], [1, 0.25]);
});

Deno.test("Statistics keeps what was refused before the first stored bet", () => {
  const statistics = new Statistics();
  statistics.onRefusedBatch({ agency: 5, betCount: 3 }, "::1");
  statistics.onStored(5, "::2");
  statistics.onRefusedBatch({ agency: 5, betCount: 4 }, "::3");
  for (let agency = 10; agency < 5000; agency++) {
    statistics.onRequest(agency, "::1");
  }
  const { refused, address } = statistics.activityOf(5)!;
  assertEquals([refused, address], [7, "::3"]);
});

Deno.test("Statistics remembers few of the agencies that store nothing", () => {
  const statistics = new Statistics();
  for (let agency = 1; agency <= 13_000; agency++) {
    statistics.onRefusedBatch({ agency, betCount: 1 }, "::1");
    statistics.onRequest(7, "::7");
  }
  // 1,000 agencies, including agency 7, which keeps sending.
  assertEquals(statistics.activityOf(12_001), undefined);
  const known = (agency: number) => statistics.activityOf(agency) !== undefined;
  assertEquals([1, 8, 11_999, 12_002, 13_000].map(known), [
    ...[false, false, false, true, true],
  ]);
  // One that goes on sending is not forgotten.
  assertEquals(statistics.activityOf(7)?.refused, 1);
});
