import { assertEquals, assertLess, assertMatch } from "@std/assert";
import { Statistics } from "../../../central/statistics.ts";
import { takeSnapshot } from "../../../central/status/snapshot.ts";
import { madeServed } from "../../support/shown.ts";
import "../../support/watchdog.ts";

Deno.test("takeSnapshot() shows 1,000 agencies and counts the rest", () => {
  const statistics = new Statistics();
  const served = madeServed({ 5_000_000: 1 }, {
    agencies: 3100,
    finished: new Set([1, 3050, 3]),
  });
  // In any order.
  for (let i = 0; i < 3000; i++) {
    served.store.agencyBets.set((7919 * i) % 3000 + 1, 1);
  }
  const { agencies, ...rest } = takeSnapshot({ statistics, served });
  assertEquals(
    agencies.map(({ agency }) => agency),
    Array.from({ length: 1000 }, (_, i) => i + 1),
  );
  assertEquals(rest.moreAgencies, 2002);
  assertEquals(rest.missing.slice(0, 3), [2, 4, 5]);
  assertEquals([rest.missing.length, rest.missingCount], [50, 3097]);
});

Deno.test("takeSnapshot() shows only agencies that stored a bet or finished", () => {
  const statistics = new Statistics();
  for (let agency = 1; agency <= 5000; agency++) {
    statistics.onRefusedBatch({ agency, betCount: 1 }, "::1");
  }
  const served = madeServed({ 7: 1, 5000: 1 }, { finished: new Set([8]) });
  const { agencies } = takeSnapshot({ statistics, served });
  assertEquals(agencies.map(({ agency, refused }) => [agency, refused]), [
    [7, 0],
    [8, 0],
    [5000, 1],
  ]);
});

Deno.test("takeSnapshot() misses an agency no more once it has finished", () => {
  const statistics = new Statistics();
  const finished = new Set<number>();
  const served = madeServed({ 1: 1, 2: 1 }, { agencies: 2, finished });
  const missing = () => takeSnapshot({ statistics, served }).missing;
  assertEquals(missing(), [1, 2]);
  finished.add(1);
  assertEquals(missing(), [2]);
});

Deno.test("takeSnapshot() takes no longer with a million agencies in the store", () => {
  const statistics = new Statistics();
  const served = madeServed({});
  const { agencyBets } = served.store;
  for (let agency = 1_000_000; agency > 0; agency--) agencyBets.set(agency, 1);
  takeSnapshot({ statistics, served });
  const startedAt = performance.now();
  for (let i = 0; i < 20; i++) takeSnapshot({ statistics, served });
  // Sorting them each time would take ten times as long.
  assertLess(performance.now() - startedAt, 2000);
  agencyBets.set(0, 1);
  const { agencies } = takeSnapshot({ statistics, served });
  assertEquals([agencies[0]?.agency, agencies.at(-1)?.agency], [0, 999]);
});

Deno.test("Rates.tick() divides what was stored by seconds", () => {
  const served = madeServed({ 1: 100 });
  const { store, rates } = served;
  rates.tick();
  assertEquals([rates.history, rates.rateOf(1)], [[0], 0]);
  store.bets += 12;
  store.agencyBets.set(1, 105).set(2, 7);
  rates.tick();
  assertEquals([rates.rateOf(1), rates.rateOf(2), rates.rateOf(3)], [5, 7, 0]);
  const sources = { statistics: new Statistics(), served };
  const { agencies, history } = takeSnapshot(sources);
  assertEquals([agencies[0]?.rate, agencies[1]?.rate], [5, 7]);
  assertEquals(history, [0, 12]);
  for (let i = 0; i < 200; i++) {
    store.bets++;
    rates.tick();
  }
  assertEquals(rates.history, Array.from({ length: 120 }, () => 1));
  assertEquals(rates.rateOf(1), 0);
});

Deno.test("a certificate that has expired is a problem", () => {
  const expected = [
    [86_400_000, "open", /^$/],
    [-86_400_000, "problem", /^the TLS certificate expired on 2/],
  ] as const;
  for (const [leftMs, phase, problem] of expected) {
    const certificateNotAfterMs = Date.now() + leftMs;
    const served = madeServed({}, { certificateNotAfterMs });
    const snapshot = takeSnapshot({ statistics: new Statistics(), served });
    assertEquals(snapshot.phase, phase);
    assertMatch(snapshot.problem, problem);
  }
});
