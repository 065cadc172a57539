import { assert, assertEquals, assertRejects } from "@std/assert";
import { PostgresStore } from "../../postgres/postgres_store.ts";
import { ProgramError } from "../../program/errors.ts";
import { BettingClosedError, StorageError } from "../../storage/mod.ts";
import { testFault, times } from "../faults/plan.ts";
import { Cluster } from "./cluster.ts";
import { append, makeBatch, openStore } from "./made_store.ts";

const DRAWS = times(5, 200);
const AGENCIES = 40;
const SLOW_TRIGGER = `
  CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(0.1); RETURN NEW; END';
  CREATE TRIGGER slow AFTER INSERT ON bets FOR EACH ROW EXECUTE FUNCTION slow()`;

testFault(
  "a draw among inserts through two centrals has every acknowledged bet, and none after it",
  async () => {
    await using cluster = await Cluster.start({ fsync: "off" });
    for (let draw = 0; draw < DRAWS; draw++) {
      await using one = await openStore(cluster.urlOf(), 2);
      await using other = await openStore(cluster.urlOf(), 2);
      await drawAmongInserts([one, other]);
      const changed = await cluster.query(
        `SELECT count(*) FROM agencies AS o WHERE bets_drawn <>
          (SELECT count(*) FROM bets AS b WHERE b.agency = o.agency)`,
      );
      assertEquals(changed, "0", `draw ${draw}`);
      await cluster.query("DROP TABLE bets, agencies, loteria");
    }
  },
);

/** Agencies send until they are told that the draw is held. */
async function drawAmongInserts(
  stores: readonly PostgresStore[],
): Promise<void> {
  const stored = new Map<number, number>();
  const sending = Array.from({ length: AGENCIES }, async (_, i) => {
    const agency = i + 1;
    const store = stores[i % stores.length]!;
    using writer = store.writer();
    for (let betIndex = 0;; betIndex += 10) {
      try {
        await writer.append(makeBatch(agency, betIndex));
        stored.set(agency, betIndex + 10);
      } catch (error) {
        assert(error instanceof BettingClosedError, String(error));
        return;
      }
    }
  });
  await Promise.all(stores.map((store, i) => store.finish(i + 1)));
  assert(stores.some(({ draw }) => draw.isHeld));
  await Promise.all(sending);
  for (const [agency, bets] of stored) {
    const winners = await stores[0]!.winners(agency);
    assertEquals(winners.length, bets / 10, `agency ${agency}`);
  }
}

testFault("FINISH waits for a commit under way", async () => {
  await using cluster = await Cluster.start();
  await using store = await openStore(cluster.urlOf(), 1);
  await append(store, makeBatch(1));
  await cluster.query(SLOW_TRIGGER);
  const late = append(store, makeBatch(1, 10));
  await cluster.waitFor(
    "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
  );
  await store.finish(1);
  const winners = await store.winners(1);
  assertEquals(await late, 0);
  assertEquals(winners, ["0", "10"]);
  assertEquals(await store.winners(1), winners);
});

testFault("a new agency waits for a draw under way", async () => {
  await using cluster = await Cluster.start();
  await using store = await openStore(cluster.urlOf(), 1);
  await store.finish(1);
  await assertRejects(() => append(store, makeBatch(7)), BettingClosedError);
  assertEquals(await cluster.query("SELECT agency FROM agencies"), "1");
});

testFault("only the agencies of the draw count", async () => {
  await using cluster = await Cluster.start();
  await using store = await openStore(cluster.urlOf(), 2);
  await store.finish(2);
  await store.finish(3);
  assertEquals(store.draw.isHeld, false);
  await store.finish(1);
  assertEquals(store.draw.isHeld, true);
});

testFault("an agency that finishes again keeps its first time", async () => {
  await using cluster = await Cluster.start();
  await using store = await openStore(cluster.urlOf(), 2);
  const finishedAt = () =>
    cluster.query("SELECT agency, finished_at FROM agencies");
  await store.finish(2);
  const first = await finishedAt();
  await store.finish(2);
  assertEquals(await finishedAt(), first);
});

testFault(
  "a start with other agencies than the held draw's is refused",
  async () => {
    await using cluster = await Cluster.start();
    {
      await using store = await openStore(cluster.urlOf(), 1);
      await store.finish(1);
    }
    for (const drawAgencies of [0, 2]) {
      await assertRejects(
        () => PostgresStore.open(cluster.urlOf(), { drawAgencies }),
        ProgramError,
        `held with 1 agencies, but draw.agencies is ${drawAgencies}`,
      );
    }
  },
);

testFault("the winners of two files are not interleaved", async () => {
  await using cluster = await Cluster.start();
  await using store = await openStore(cluster.urlOf(), 1);
  const [one, other] = ["00000000000000aa", "00000000000000bb"];
  for (const start of [0, 10]) {
    await append(store, makeBatch(1, start + 100, 10, other));
    await append(store, makeBatch(1, start, 10, one));
  }
  await store.finish(1);
  assertEquals(await store.winners(1), ["0", "10", "100", "110"]);
});

testFault(
  "PostgresStore returns no winners while a prepared transaction hides bets",
  async () => {
    await using cluster = await Cluster.start({
      max_prepared_transactions: "5",
    });
    await using store = await openStore(cluster.urlOf(), 1);
    await append(store, makeBatch(1));
    await store.finish(1);
    await cluster.query(`BEGIN;
    INSERT INTO bets SELECT agency, source, 77, first_name, last_name, document,
      birthdate, number FROM bets LIMIT 1;
    PREPARE TRANSACTION 'p'`);
    await assertRejects(
      () => store.winners(1),
      StorageError,
      "pg_prepared_xacts",
    );
    await cluster.query("ROLLBACK PREPARED 'p'");
    assertEquals(await store.winners(1), ["0"]);
  },
);

testFault("each insert names one agency", async () => {
  await using cluster = await Cluster.start({ log_statement: "all" });
  await using store = await openStore(cluster.urlOf());
  // A connection's first batch is stored by another statement than later ones.
  await Promise.all([1, 2, 3].map(async (agency) => {
    using writer = store.writer();
    for (const start of [0, 10, 20]) {
      await writer.append(makeBatch(agency, start));
    }
  }));
  const log = await cluster.log();
  const inserts = log.split(/(?=^\d{4}-\d\d-\d\d )/m).filter((entry) =>
    /execute .*INSERT INTO "public"\.bets/s.test(entry)
  );
  assert(inserts.some((insert) => insert.includes("ON CONFLICT")));
  assert(inserts.some((insert) => !insert.includes("ON CONFLICT")));
  for (const insert of inserts) {
    assert(/agency = \$1::bigint/.test(insert), insert);
  }
  const details = log.match(
    /DETAIL: {2}parameters: \$1 = '\d+', \$2 = '-?\d+', \$3/g,
  );
  assertEquals(details?.length, inserts.length);
});
