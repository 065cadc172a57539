import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { UnfitDatabaseError } from "../../postgres/connection/errors.ts";
import { type DrawState, DrawTables } from "../../postgres/draw/draw_tables.ts";
import { SharedDraw } from "../../postgres/draw/shared_draw.ts";
import { StoreCounts } from "../../postgres/store_counts.ts";
import { everyTurn } from "../support/deadline.ts";
import "../support/watchdog.ts";
import { databaseError, FakeDatabase } from "./support/fake_database.ts";

Deno.test("DrawTables.hold() gives its statements ten times as long as others", async () => {
  const fake = new FakeDatabase([[{ version: 2, isHeld: true, agencies: 3 }]]);
  assertEquals(await new DrawTables(fake.database, "s").hold(3), false);
  // Counting all bets may take that long.
  assertEquals(fake.transactions, [{ timeoutFactor: 10 }]);
});

Deno.test("DrawTables.read() refuses the tables of another version", async () => {
  const fake = new FakeDatabase([[{ version: 3, isHeld: false }]]);
  await assertRejects(
    () => new DrawTables(fake.database, "s").read(),
    UnfitDatabaseError,
    "version 3, this central knows version 2",
  );
});

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
