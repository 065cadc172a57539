import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { UnfitDatabaseError } from "../../postgres/connection/errors.ts";
import { type DrawState, DrawTables } from "../../postgres/draw/draw_tables.ts";
import { SharedDraw } from "../../postgres/draw/shared_draw.ts";
import { StoreCounts } from "../../postgres/store_counts.ts";
import type { Row } from "../../postgres/connection/session.ts";
import { everyTurn } from "../support/deadline.ts";
import "../support/watchdog.ts";
import {
  databaseError,
  FakeDatabase,
  type Script,
} from "./support/fake_database.ts";

const OPEN: Row = { version: 2, isHeld: false, agencies: null };
const HELD: Row = { version: 2, isHeld: true, agencies: 3 };
const NO_LOCK = [{ locks: "0" }];

function tablesOn(script: Script) {
  const fake = new FakeDatabase(script);
  return { fake, tables: new DrawTables(fake.database, "s") };
}

/** Asserts which statements were asked, by a part of each in its order. */
function assertAsked({ asked }: FakeDatabase, parts: readonly RegExp[]): void {
  const texts = asked.map(({ text }) => text).filter((text) =>
    text !== "COMMIT"
  );
  assertEquals(texts.length, parts.length, JSON.stringify(asked));
  for (const [i, part] of parts.entries()) assertMatch(texts[i]!, part);
}

/** What the draw's tables have, and how many agencies are read from them. */
const STATES: readonly (readonly [Row[], number | string | undefined])[] = [
  [[OPEN], undefined],
  [[HELD], 3],
  [[{ ...HELD, agencies: null }], undefined],
  [[{ ...OPEN, version: "2" }], undefined],
  [[], "its table loteria has no row"],
  [[{ ...OPEN, version: 3 }], "version 3, this central knows version 2"],
];

for (const [rows, outcome] of STATES) {
  Deno.test(`DrawTables.read() reads ${JSON.stringify(rows)}`, async () => {
    const { tables } = tablesOn([rows, [{ agency: "4" }, { agency: "1" }]]);
    if (typeof outcome === "string") {
      await assertRejects(() => tables.read(), UnfitDatabaseError, outcome);
      return;
    }
    assertEquals(await tables.read(), {
      isHeld: rows[0]!["isHeld"] === true,
      agencies: outcome,
      finished: new Set([4, 1]),
    });
  });
}

const LOCK = /^SELECT version.* FROM s\.loteria FOR UPDATE$/;
const COUNT =
  /FROM s\.agencies WHERE agency BETWEEN 1 AND \$1::bigint AND finished_at IS NOT NULL$/;
const HOLD = [
  ...[
    LOCK,
    COUNT,
    /^UPDATE s\.loteria SET held_at = now\(\), draw_agencies = /,
  ],
  // The locks of the rows are taken before the bets are counted.
  ...[/^UPDATE s\.agencies SET closed_at/, /SET bets_drawn = \(SELECT count/],
  /FROM pg_locks/,
];

/** The tables' answers, the expected statements, and whether the draw is held. */
const HOLDS: readonly (readonly [Script, RegExp[], boolean | string])[] = [
  [[[HELD]], [LOCK], false],
  [[[OPEN], [{ agencies: "2" }]], [LOCK, COUNT], false],
  [[[OPEN], [{ agencies: "3" }], [], [], [], NO_LOCK], HOLD, true],
  [
    [[OPEN], [{ agencies: "3" }], [], [], [], [{ locks: "1" }]],
    HOLD,
    "a prepared transaction",
  ],
];

for (const [script, asked, outcome] of HOLDS) {
  Deno.test(`DrawTables.hold() asks ${asked.length} times: ${outcome}`, async () => {
    const { fake, tables } = tablesOn(script);
    if (typeof outcome === "string") {
      await assertRejects(() => tables.hold(3), UnfitDatabaseError, outcome);
    } else {
      assertEquals(await tables.hold(3), outcome);
    }
    assertAsked(fake, asked);
    // Counting all bets may take ten times as long as other statements.
    assertEquals(fake.transactions, [{ timeoutFactor: 10 }]);
    for (const { text, values } of fake.asked) {
      assertEquals(values, text.includes("$1") ? [3] : []);
    }
  });
}

/** Tables that have one state, and hold the draw if they are asked to. */
function drawOn(
  agencies: number,
  {
    isHeld = false,
    held,
    finished = [],
    holds = true,
    bets = [],
    countErrors = [],
  }: {
    isHeld?: boolean;
    held?: number;
    finished?: number[];
    holds?: boolean;
    bets?: number[];
    /** What counting the winners throws at first. */
    countErrors?: Error[];
  },
) {
  const stats = new StoreCounts();
  for (const agency of bets) stats.add(agency, 1);
  const asked: string[] = [];
  const state: DrawState = {
    isHeld,
    agencies: held,
    finished: new Set(finished),
  };
  const tables = {
    async read() {
      await everyTurn();
      return { ...state };
    },
    async finish(agency: number) {
      asked.push(`finish ${agency}`);
      await everyTurn();
      state.finished = new Set([...state.finished, agency]);
    },
    async hold(agencies: number) {
      asked.push(`hold ${agencies}`);
      await everyTurn();
      return holds;
    },
    async winnerCounts() {
      asked.push("count");
      await everyTurn();
      const error = countErrors.shift();
      if (error) throw error;
      return new Map([[1, 2]]);
    },
  };
  const draw = new SharedDraw(tables as unknown as DrawTables, agencies, stats);
  return { draw, stats, asked, state };
}

interface DrawCase {
  /** Agencies of the draw. @default {2} */
  agencies?: number;
  found: Parameters<typeof drawOn>[1];
  /** What a start throws, or by whom the draw was held. @default {undefined} */
  recovered?: RegExp | "earlier";
  /** By whom it is held after one look. @default {recovered} */
  looked?: string;
  asked?: readonly string[];
}

/** A held draw is counted at the start. */
const EARLIER = { recovered: "earlier", asked: ["count"] } as const;

const DRAWS: readonly DrawCase[] = [
  { agencies: 0, found: {} },
  { agencies: 0, found: { finished: [1, 2] } },
  { found: { finished: [1] } },
  { found: { bets: [3], finished: [2] } },
  {
    found: { finished: [2, 1] },
    looked: "here",
    asked: ["hold 2", "count"],
  },
  { found: { finished: [1, 2], holds: false }, asked: ["hold 2"] },
  { found: { isHeld: true, held: 2, finished: [1, 2] }, ...EARLIER },
  { found: { isHeld: true, held: 2, finished: [1] }, ...EARLIER },
  // A version 1 central has not recorded the number of agencies.
  { found: { isHeld: true, finished: [1, 2] }, ...EARLIER },
  { found: { isHeld: true, finished: [1, 2, 3] }, ...EARLIER },
  {
    found: { isHeld: true, held: 3, finished: [1, 2, 3] },
    recovered: /its draw .*held with 3 agencies, but draw\.agencies is 2/,
  },
  {
    agencies: 3,
    found: { isHeld: true, finished: [1, 2] },
    recovered: /held with other agencies than 3/,
  },
  {
    found: { bets: [1, 3], finished: [1, 2] },
    recovered: /its draw would leave out .* \(3\), /,
  },
  {
    found: { finished: [1, 2, 4] },
    recovered: /its draw would leave out .* \(4\), /,
  },
];

for (
  const { agencies = 2, found, recovered, looked, asked = [] } of DRAWS
) {
  const title = JSON.stringify({ agencies, ...found });
  Deno.test(`SharedDraw recovers and looks: ${title}`, async () => {
    const { draw, stats, ...tables } = drawOn(agencies, found);
    if (recovered instanceof RegExp) {
      const error = await assertRejects(
        () => draw.recover(),
        UnfitDatabaseError,
      );
      assertMatch(error.message, recovered);
      return;
    }
    await draw.recover();
    assertEquals([...stats.finished], found.finished ?? []);
    assertEquals(draw.isHeld, recovered !== undefined);
    await draw.look();
    await draw.look();
    const holder = looked ?? recovered;
    assertEquals(draw.isHeld, holder !== undefined);
    if (holder) {
      assertEquals(await draw.held, holder);
      assertEquals(stats.winnerCount(1), 2);
      assertEquals(tables.asked, asked);
    } else {
      // Each look tries.
      assertEquals(tables.asked, [...asked, ...asked]);
    }
  });
}

Deno.test("SharedDraw notices that another central has held the draw, though the first count fails", async () => {
  const error = databaseError("57014");
  const { draw, stats, state, asked } = drawOn(2, { countErrors: [error] });
  await draw.recover();
  Object.assign(state, {
    isHeld: true,
    agencies: 2,
    finished: new Set([1, 2]),
  });
  assert(await assertRejects(() => draw.look()) === error);
  await draw.look();
  assertEquals(await draw.held, "elsewhere");
  assertEquals([...stats.finished], [1, 2]);
  assertEquals([asked, stats.winnerCount(1)], [["count", "count"], 2]);
});

Deno.test("SharedDraw.finish() holds the draw after the last one", async () => {
  const { draw, asked } = drawOn(2, {});
  await draw.recover();
  for (const agency of [2, 3, 1]) await draw.finish(agency);
  assertEquals(asked, [
    "finish 2",
    "finish 3",
    "finish 1",
    "hold 2",
    "count",
  ]);
  assertEquals([draw.isHeld, await draw.held], [true, "here"]);
});
