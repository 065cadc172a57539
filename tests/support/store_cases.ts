/**
 * What every kind of store does alike. The same cases run on files
 * (tests/storage) and on PostgreSQL (tests/postgres).
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Bet } from "../../bet/bet.ts";
import { BettingClosedError, type Store } from "../../storage.ts";
import { batchOf } from "./batches.ts";

/** Opens the store of a case; may be called again. */
export type OpenStore = () => Promise<Store>;

/** One behaviour of a store. */
export interface StoreCase {
  /** Description of the behaviour. */
  name: string;
  /** Asserts the behaviour. */
  run: (open: OpenStore) => Promise<void>;
}

const WINNING = "7574";

/** All cases. */
export const STORE_CASES: readonly StoreCase[] = [
  {
    name: "stores a bet once, in whatever batches it comes again",
    async run(open): Promise<void> {
      const bets = makeBets(10);
      await withStore(open, async (store) => {
        await store.append(batchOf(bets.slice(0, 4), 0));
        await store.append(batchOf(bets.slice(0, 4), 0));
        await store.append(batchOf(bets.slice(6), 6));
        await store.append(batchOf(bets, 0));
        assertEquals(store.bets, 10);
      });
      await withStore(open, async (store) => {
        assertEquals(store.bets, 10);
        assertEquals(store.agencyBets.get(1), 10);
        await store.append(batchOf(bets, 0));
        assertEquals(store.bets, 10);
      });
    },
  },
  {
    name: "stores many batches that come at once",
    async run(open): Promise<void> {
      const bets = makeBets(300);
      await withStore(open, async (store) => {
        await Promise.all(
          Array.from({ length: 60 }, (_, i) => {
            const first = i % 30 * 10;
            return store.append(batchOf(bets.slice(first, first + 10), first));
          }),
        );
        assertEquals(store.bets, 300);
      });
    },
  },
  {
    name: "tells files and agencies apart",
    async run(open): Promise<void> {
      const bets = makeBets(3);
      await withStore(open, async (store) => {
        await store.append(batchOf(bets));
        await store.append(batchOf(bets, 0, { agency: 2 }));
        await store.append(
          batchOf(bets, 0, { fingerprint: "fedcba9876543210" }),
        );
        assertEquals(store.bets, 9);
        assertEquals([...store.agencyBets].sort(), [[1, 6], [2, 3]]);
      });
    },
  },
  {
    name: "gives back names, documents and days as they were",
    async run(open): Promise<void> {
      const bets = [
        'Juan "El Zurdo"',
        "Pérez, hijo",
        "李小龍",
        "a\\b{}",
        "NULL",
      ]
        .map((name, i): Bet => ({
          firstName: name,
          lastName: name,
          document: `00${i}`,
          birthdate: i % 2 === 0 ? "0001-01-01" : "9999-12-31",
          number: i % 2 === 0 ? WINNING : "4294967295",
        }));
      await withStore(open, async (store) => {
        await store.append(batchOf(bets));
        assertEquals(await store.winners(1), ["000", "002", "004"]);
      });
    },
  },
  {
    name: "holds the draw once all have finished, and takes no more bets",
    async run(open): Promise<void> {
      const bets = makeBets(5);
      await withStore(open, async (store) => {
        assertEquals(store.startDraw(2), false);
        await store.append(batchOf(bets));
        await store.finish(1);
        assertEquals(await store.holdDraw(2), false);
        await store.append(batchOf(bets, 5));
        await store.finish(2);
        assertEquals(await store.holdDraw(2), true);
        await assertClosed(store, bets);
      });
      await withStore(open, async (store) => {
        assertEquals(store.startDraw(2), true);
        assertEquals([...store.finished].sort(), [1, 2]);
        await assertClosed(store, bets);
      });
    },
  },
];

/** Asserts that stored bets may be repeated, and others are refused. */
async function assertClosed(store: Store, bets: readonly Bet[]): Promise<void> {
  await store.append(batchOf(bets));
  await assertRejects(
    () => store.append(batchOf(bets, 10)),
    BettingClosedError,
  );
  await assertRejects(() => store.append(batchOf(bets, 7)), BettingClosedError);
  assertEquals(store.bets, 10);
  assertEquals(await store.winners(1), ["0", "0"]);
  assertEquals(store.winnerCount(1), 2);
}

async function withStore(
  open: OpenStore,
  use: (store: Store) => Promise<void>,
): Promise<void> {
  const store = await open();
  try {
    await use(store);
    assert(store.problem === undefined, store.problem);
  } finally {
    await store.close();
  }
}

/** Makes different bets. The first one wins. */
function makeBets(count: number): Bet[] {
  return Array.from({ length: count }, (_, i) => ({
    firstName: `Ana ${i}`,
    lastName: "Gil",
    document: String(i),
    birthdate: "1999-03-17",
    number: i === 0 ? WINNING : String(i),
  }));
}
