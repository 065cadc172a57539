import { assertEquals, assertLess, assertMatch } from "@std/assert";
import { Statistics } from "../../../central/statistics.ts";
import { takeSnapshot } from "../../../central/status/snapshot.ts";
import { madeServed } from "../../support/shown.ts";
import "../../support/watchdog.ts";

Deno.test("takeSnapshot() has each figure in its place", () => {
  const statistics = new Statistics();
  for (let i = 1; i <= 100; i++) statistics.onCommit(1, i);
  statistics.onStored(2, "::2");
  statistics.onRefusedBatch({ agency: 2, betCount: 5 }, "::2");
  statistics.onRefusal("INVALID_BET");
  const served = madeServed({ 2: 10, 1: 20 }, {
    finished: new Set([2, 3]),
    sizeBytes: 500,
    agencies: 4,
    problem: "no disk",
  });
  const { agencies, ...figures } = takeSnapshot({ statistics, served });
  assertEquals(figures, {
    phase: "problem",
    problem: "no disk",
    bets: 30,
    history: [],
    batches: 1,
    refusals: { INVALID_BET: 1 },
    connections: 3,
    storeBytes: 500,
    certificateNotAfterMs: null,
    commitP50: 50,
    commitP99: 99,
    moreAgencies: 0,
    drawAgencies: 4,
    isDrawHeld: false,
    drawHeldAtMs: null,
    missing: [1, 4],
    missingCount: 2,
  });
  assertEquals(
    agencies.map(({ agency, bets, refused, address, isFinished, winners }) => [
      ...[agency, bets, refused, address, isFinished, winners],
    ]),
    [
      [1, 20, 0, "", false, null],
      [2, 10, 5, "::2", true, null],
      [3, 0, 0, "", true, null],
    ],
  );
  assertEquals(agencies.map(({ rate }) => rate), [0, 0, 0]);
  const seen = agencies.map(({ lastSeenMs }) => lastSeenMs);
  assertEquals(seen, [null, statistics.activityOf(2)!.lastSeenMs, null]);
  const held = { isHeld: true, heldAtMs: 7, winnerCount: (id: number) => id };
  const after = takeSnapshot({
    statistics,
    served: madeServed({ 2: 1 }, held),
  });
  assertEquals([after.isDrawHeld, after.drawHeldAtMs], [true, 7]);
  assertEquals(after.phase, "held");
  assertEquals(after.agencies[0]?.winners, 2);
});

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
