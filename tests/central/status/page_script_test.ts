// The status page's script, in a made-up browser.

import { assert, assertEquals, assertFalse } from "@std/assert";
import { Statistics } from "../../../central/statistics.ts";
import { renderPage } from "../../../central/status/page.ts";
import {
  describeSnapshot,
  timeFormat,
} from "../../../central/status/page_view.js";
import {
  type AgencyRow,
  type Snapshot,
  takeSnapshot,
} from "../../../central/status/snapshot.ts";
import { ENGLISH } from "../../../central/status/texts.ts";
import { FakeDocument, FakeEventSource } from "../../support/fake_page.ts";
import { FakeTime } from "../../support/fake_time.ts";
import { testReading as test } from "../../support/permissions.ts";
import "../../support/watchdog.ts";
import { replace } from "../../support/replaced.ts";

function row(agency: number, parts: Partial<AgencyRow> = {}): AgencyRow {
  return {
    ...{ agency, bets: 0, refused: 0, rate: 0, lastSeenMs: null },
    ...{ address: "", isFinished: false, winners: null },
    ...parts,
  };
}

function snapshotOf(agencies: AgencyRow[], parts: Partial<Snapshot> = {}) {
  const statistics = new Statistics();
  const snapshot = takeSnapshot({ statistics });
  return { ...snapshot, phase: "open" as const, agencies, ...parts };
}

let pages = 0;

/** Opens the page as it is sent with some agencies, and runs its script. */
async function open(agencies: AgencyRow[]) {
  const time = new FakeTime();
  const html = renderPage(snapshotOf(agencies), ENGLISH);
  const page = new FakeDocument(html);
  const sources: FakeEventSource[] = [];
  const EventSource = class extends FakeEventSource {
    constructor(url: string) {
      super(url);
      sources.push(this);
    }
  };
  const date = replace(Date, {
    now: () => 1_800_000_000_000 + performance.now(),
  });
  Object.assign(globalThis, { document: page, EventSource });
  await import(`../../../central/status/page.js?${pages++}`);
  const lines = () => page.querySelector("tbody")!.rows;
  return {
    page,
    sources,
    time,
    text: (id: string) => page.getElementById(id)!.textContent,
    /** The agencies in the order of their rows. */
    shown: () => lines().map(({ cells }) => Number(cells[0]!.textContent)),
    lines,
    heads: () => page.querySelectorAll("thead th"),
    [Symbol.dispose](): void {
      date[Symbol.dispose]();
      time[Symbol.dispose]();
    },
  };
}

test("page.js writes each snapshot into the page", async () => {
  using opened = await open([row(1), row(2)]);
  const { page, sources, lines, heads } = opened;
  assert(page.documentElement.classes.has("live"));
  assertEquals(sources.map(({ url }) => url), ["events"]);
  const labels = heads().map(({ textContent }) => textContent);
  const [first] = lines();
  for (const count of [2, 4, 1, 0]) {
    const agencies = Array.from({ length: count }, (_, i) =>
      row(i + 1, {
        ...{
          bets: 10 * i,
          lastSeenMs: 1000 * i,
          address: `::${i}`,
          winners: i,
        },
      }));
    const snapshot = snapshotOf(agencies, {
      ...{ bets: count, history: [count, 7], connections: 1000 + count },
      ...(count === 4 ? { phase: "problem", problem: "no disk" } : {}),
    });
    sources[0]!.show(snapshot);
    const view = describeSnapshot(snapshot, ENGLISH);
    for (const [id, text] of Object.entries(view.texts)) {
      assertEquals([id, opened.text(id)], [id, text]);
    }
    const cells = lines().map((line) =>
      line.cells.map(({ textContent }) => textContent)
    );
    assertEquals(cells, agencies.map(view.cellsOf));
    // Focus and selection stay in the rows that stay.
    assert(count === 0 || lines()[0] === first);
    for (const line of lines()) {
      assertEquals(line.cells.map(({ tag }) => tag), [
        ...["th", "td", "td", "td", "td", "td", "td", "td"],
      ]);
      assertEquals(line.cells.map(({ dataset }) => dataset["label"]), labels);
    }
    assertEquals(lines().slice(2).map(({ cells }) => cells[0]!.scope), [
      ...(count === 4 ? ["row", "row"] : []),
    ]);
    const [polyline] = page.querySelectorAll("#history polyline");
    assertEquals(polyline!.attributes.get("points"), view.points);
    const isMarked = page.getElementById("state")!.classes.has("problem");
    assertEquals(isMarked, count === 4);
  }
});

test("page.js changes only what differs", async () => {
  using opened = await open([row(1), row(2)]);
  const { page, sources, lines } = opened;
  const snapshot = snapshotOf([row(1), row(2, { bets: 5 })]);
  const writes = () => [
    lines().map(({ cells }) => cells.map(({ writes }) => writes)),
    page.getElementById("state")!.writes,
  ];
  for (let i = 0; i < 2; i++) {
    sources[0]!.show(snapshot);
    assertEquals(writes(), [
      [[0, 0, 0, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0, 0]],
      0,
    ]);
  }
});

/** Headings that are clicked, and the agencies and the heading's order then. */
const ORDERS: [clicks: string[], shown: number[], order: string][] = [
  [["agency"], [3, 2, 1], "descending"],
  [["bets"], [2, 1, 3], "ascending"],
  [["bets", "bets"], [1, 3, 2], "descending"],
  [["bets", "bets", "bets"], [2, 1, 3], "ascending"],
  [["bets", "bets", "winners"], [1, 3, 2], "ascending"],
  [["lastSeenMs"], [1, 2, 3], "ascending"],
  [["lastSeenMs", "lastSeenMs"], [1, 2, 3], "descending"],
  [["address"], [1, 3, 2], "ascending"],
  [["address", "address"], [2, 3, 1], "descending"],
];

for (const [clicks, shown, order] of ORDERS) {
  test(`page.js sorts by ${clicks.join(", ")}`, async () => {
    using opened = await open([row(1), row(2), row(3)]);
    const { page, sources, heads } = opened;
    const press = (keys: string[]) => {
      for (const key of keys) {
        page.querySelectorAll("thead button")
          .find(({ dataset }) => dataset["key"] === key)!.click();
      }
    };
    const snapshot = snapshotOf([
      row(2, { bets: 1, address: "é", winners: 0 }),
      row(1, { bets: 10, address: "a" }),
      row(3, { bets: 10, address: "b", winners: -0.5 }),
    ]);
    sources[0]!.show(snapshot);
    assertEquals(opened.shown(), [1, 2, 3]);
    press(clicks);
    assertEquals(opened.shown(), shown);
    const sorted = heads().map(({ attributes, children }) => [
      ...[children[0]!.dataset["key"], attributes.get("aria-sort")],
    ]).filter(([, order]) => order);
    assertEquals(sorted, [[clicks.at(-1), order]]);
    // The order does not depend on the snapshot's.
    sources[0]!.show({ ...snapshot, agencies: snapshot.agencies.toReversed() });
    assertEquals(opened.shown(), shown);
  });
}

test("page.js leaves the page as it was sent until the first snapshot", async () => {
  using opened = await open([row(1), row(2)]);
  opened.page.querySelectorAll("thead button")[0]!.click();
  assertEquals(opened.shown(), [1, 2]);
  opened.sources[0]!.show(snapshotOf([row(1), row(2)]));
  assertEquals(opened.shown(), [2, 1]);
});

test("page.js shows that the central does not answer, and reconnects", async () => {
  using opened = await open([row(1)]);
  const { page, sources, time } = opened;
  const isAway = (sinceMs = 0) => {
    const state = page.getElementById("state")!;
    const at = timeFormat(ENGLISH)(1_800_000_000_000 + sinceMs);
    const isAway = state.textContent === `${ENGLISH.away} ${at}.`;
    assertEquals(state.classes.has("problem"), isAway);
    assertEquals(page.body.classes.has("stale"), isAway);
    return isAway;
  };
  const snapshot = snapshotOf([row(1)]);
  assertFalse(isAway());
  // The browser tries again by itself.
  sources[0]!.fail(0);
  assert(isAway());
  assertEquals(time.pending, 0);
  for (let i = 0; i < 3; i++) {
    sources[0]!.show(snapshot);
    assertFalse(isAway());
    time.advance(4999);
  }
  assertFalse(isAway());
  const lastMs = 2 * 4999;
  // Nothing for five seconds.
  time.advance(1);
  assert(isAway(lastMs));
  assertEquals(sources[0]!.readyState, FakeEventSource.CLOSED);
  time.advance(4999);
  assertEquals(sources.length, 1);
  time.advance(1);
  assertEquals(sources.length, 2);
  sources[1]!.show(snapshot);
  assertFalse(isAway());
  // The browser has given up.
  sources[1]!.fail(FakeEventSource.CLOSED);
  assert(isAway(lastMs + 10_001));
  assertEquals(time.pending, 1);
  time.advance(5000);
  assertEquals(sources.length, 3);
});
