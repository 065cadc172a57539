// What every kind of store does alike. The same cases run on files
// (tests/storage) and on PostgreSQL (tests/postgres).

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { Bet } from "../../bet/bet.ts";
import {
  BettingClosedError,
  IncompleteError,
  type Store,
} from "../../storage/mod.ts";
import { warnOfLeftOut } from "../../central/draw.ts";
import { appendTo, batchOf, GAP } from "./batches.ts";
import { CapturedLog } from "./captured_log.ts";

/** Opens the store of a case; may be called again. */
export type OpenStore = (drawAgencies?: number) => Promise<Store>;

const WINNING = "7574";
/** Names with each character that CSV, SQL, arrays or COPY treat specially. */
export const SPECIAL_NAMES: readonly string[] = [
  ...['Juan "El Zurdo"', '"', '""', '\\"', '"\\', "'", "''", "`"],
  ...["Pérez, hijo", ",", ",,", ";", ":", "|", "="],
  ...[
    "a\\b{}",
    "\\",
    "\\\\",
    "\\.",
    "\\N",
    "\\n",
    "\\x41",
    "{",
    "}",
    "{}",
    "(",
    ")",
  ],
  ...["NULL", "null", "$1", "%s", "--", "/*", "E'a'", "&amp;", "<b>"],
  ...["李小龍", "e\u0301", "😀", "👩\u200d👩", "עברית", " ", " a ", "\u00a0a"],
];

/** Asserts of each behaviour by its description. */
export const STORE_CASES: Readonly<
  Record<string, (open: OpenStore) => Promise<void>>
> = {
  async "stores a bet once, even if it is sent again in other batches"(
    open,
  ): Promise<void> {
    const bets = makeBets(10);
    await withStore(open, async (store) => {
      await appendTo(store, batchOf(bets.slice(0, 4), 0));
      await appendTo(store, batchOf(bets.slice(0, 4), 0));
      await appendTo(store, batchOf(bets.slice(6), 6));
      await appendTo(store, batchOf(bets, 0));
      assertEquals(store.stats.bets, 10);
    });
    await withStore(open, async (store) => {
      assertEquals(store.stats.bets, 10);
      assertEquals(store.stats.agencyBets.get(1), 10);
      await appendTo(store, batchOf(bets, 0));
      assertEquals(store.stats.bets, 10);
    });
  },
  async "stores many batches that come at once"(open): Promise<void> {
    const bets = makeBets(300);
    await withStore(open, async (store) => {
      const repeated = await Promise.all(
        Array.from({ length: 60 }, (_, i) => {
          const first = i % 30 * 10;
          return appendTo(store, batchOf(bets.slice(first, first + 10), first));
        }),
      );
      assertEquals(store.stats.bets, 300);
      // Of two batches with the same bets, one stores them.
      assertEquals(repeated.reduce((sum, bets) => sum + bets), 300);
    });
  },
  async "keeps files and agencies apart"(open): Promise<void> {
    const bets = makeBets(3);
    await withStore(open, async (store) => {
      await appendTo(store, batchOf(bets));
      await appendTo(store, batchOf(bets, 0, { agency: 2 }));
      await appendTo(
        store,
        batchOf(bets, 0, { fingerprint: "fedcba9876543210" }),
      );
      assertEquals(store.stats.bets, 9);
      assertEquals([...store.stats.agencyBets].sort(), [[1, 6], [2, 3]]);
    });
  },
  async "gives back names, documents and days as they were"(
    open,
  ): Promise<void> {
    const bets = SPECIAL_NAMES
      .map((name, i): Bet => ({
        firstName: name,
        lastName: name,
        document: `00${i}`,
        birthdate: i % 2 === 0 ? "0001-01-01" : "9999-12-31",
        number: i % 2 === 0 ? WINNING : "4294967295",
      }));
    await withStore(open, async (store) => {
      await appendTo(store, batchOf(bets));
      const winning = bets.filter(({ number }) => number === WINNING);
      assertEquals(
        await store.winners(1),
        winning.map(({ document }) => document),
      );
    });
  },
  async "holds the draw once all have finished, and takes no more bets"(
    open,
  ): Promise<void> {
    const bets = makeBets(5);
    await withStore(open, async (store) => {
      await appendTo(store, batchOf(bets));
      await store.finish(1);
      assertEquals(store.draw.isHeld, false);
      await appendTo(store, batchOf(bets, 5));
      await store.finish(2);
      assertEquals(store.draw.isHeld, true);
      assertEquals(await store.draw.held, "here");
      await assertClosed(store, bets);
    }, 2);
    await withStore(open, async (store) => {
      assertEquals(await store.draw.held, "earlier");
      assertEquals([...store.stats.finished].sort(), [1, 2]);
      await assertClosed(store, bets);
    }, 2);
  },
  async "is not opened for a draw that leaves out an agency"(
    open,
  ): Promise<void> {
    await withStore(open, async (store) => {
      await appendTo(store, batchOf(makeBets(1), 0, { agency: 3 }));
      for (const agency of [1, 4]) await store.finish(agency);
    });
    await assertRejects(
      () => open(1),
      Error,
      "with bets or that have finished (3, 4), because draw.agencies is 1; set it to 4 or more",
    );
    // This start does not hold the draw.
    await withStore(open, (store) => {
      assertEquals(store.draw.isHeld, false);
      const log = CapturedLog.start();
      warnOfLeftOut(store);
      assertStringIncludes(log.lines.join(), "agencies: 2 | left_out: 3, 4 |");
      return Promise.resolve();
    }, 2);
    await withStore(open, async (store) => {
      for (const agency of [2, 3]) {
        assertEquals(store.draw.isHeld, false);
        await store.finish(agency);
      }
      assertEquals(store.draw.isHeld, true);
    }, 4);
  },
  async "leaves out the indexes of gaps, which may come later"(
    open,
  ): Promise<void> {
    const bets = makeBets(5);
    const gapped = bets.map((bet, i) => i % 2 === 0 ? bet : GAP);
    await withStore(open, async (store) => {
      assertEquals(await appendTo(store, batchOf(gapped)), 0);
      assertEquals(store.stats.bets, 3);
      assertEquals(await appendTo(store, batchOf(bets.slice(1, 2), 1)), 0);
      assertEquals(store.stats.bets, 4);
      assertEquals(await appendTo(store, batchOf(bets)), 4);
      assertEquals(store.stats.bets, 5);
    });
    await withStore(open, async (store) => {
      assertEquals(await appendTo(store, batchOf(bets)), 5);
      assertEquals(await appendTo(store, batchOf(gapped)), 3);
    });
  },
  async "finishes an agency only if what it expects is stored"(
    open,
  ): Promise<void> {
    const batch = batchOf(makeBets(3));
    const { fingerprint } = batch;
    await withStore(open, async (store) => {
      await appendTo(store, batch);
      await assertRejects(
        () => store.finish(1, { fingerprint, records: 5 }),
        IncompleteError,
        "2 of 5 bets are not stored",
      );
      assertEquals(store.stats.finished.size, 0);
      await store.finish(1, { fingerprint, records: 3 });
      assertEquals([...store.stats.finished], [1]);
      await assertRejects(
        () => store.finish(1, { fingerprint, records: 4 }),
        IncompleteError,
        "1 of 4 bets are not stored, and the draw does not wait for them",
      );
    });
  },
};

/** Asserts that stored bets may be repeated, and others are refused. */
async function assertClosed(store: Store, bets: readonly Bet[]): Promise<void> {
  await appendTo(store, batchOf(bets));
  await assertRejects(
    () => appendTo(store, batchOf(bets, 10)),
    BettingClosedError,
  );
  await assertRejects(
    () => appendTo(store, batchOf(bets, 7)),
    BettingClosedError,
  );
  assertEquals(store.stats.bets, 10);
  assertEquals(await store.winners(1), ["0", "0"]);
  assertEquals(store.stats.winnerCount(1), 2);
}

async function withStore(
  open: OpenStore,
  use: (store: Store) => Promise<void>,
  drawAgencies = 0,
): Promise<void> {
  const store = await open(drawAgencies);
  try {
    await use(store);
    assert(store.stats.problem === undefined, store.stats.problem);
  } finally {
    await store.close();
  }
}

/** Makes different bets. */
function makeBets(count: number): Bet[] {
  return Array.from({ length: count }, (_, i) => ({
    firstName: `Ana ${i}`,
    lastName: "Gil",
    document: String(i),
    birthdate: "1999-03-17",
    number: i === 0 ? WINNING : String(i),
  }));
}
