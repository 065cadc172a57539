import { assertEquals, assertRejects } from "@std/assert";
import { PostgresStore } from "../../postgres/postgres_store.ts";
import { BettingClosedError } from "../../storage/mod.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { testFault as test } from "../faults/plan.ts";
import { freshDatabase } from "./support/shared_server.ts";
import { append, makeBatch, openStore } from "./support/made_store.ts";

/** What a central of version 1 left. */
const VERSION_1 = `
  CREATE TABLE loteria (id integer PRIMARY KEY CHECK (id = 1),
    version integer NOT NULL, draw_held_at timestamptz);
  INSERT INTO loteria (id, version) VALUES (1, 1);
  CREATE TABLE bets (agency bigint NOT NULL, source bigint NOT NULL,
    position bigint NOT NULL, first_name text NOT NULL, last_name text NOT NULL,
    document text NOT NULL, birthdate date NOT NULL, number bigint NOT NULL,
    PRIMARY KEY (agency, source, position));
  CREATE INDEX bets_winners ON bets (agency) WHERE number = 7574;
  CREATE TABLE finished (agency bigint PRIMARY KEY,
    finished_at timestamptz NOT NULL DEFAULT now());
  INSERT INTO bets SELECT agency, x'0123456789abcdef'::bigint, i, 'Ana', 'Gil',
    i::text, '1999-03-17', CASE i % 10 WHEN 0 THEN 7574 ELSE 1 END
    FROM generate_series(1, 2) AS agency, generate_series(0, 99) AS i`;
/** The statement with which a central of version 1 stored bets. */
const INSERT_1 = `
  WITH betting AS (SELECT 1 FROM loteria WHERE draw_held_at IS NULL FOR SHARE)
  INSERT INTO bets SELECT 9, 9, 9, 'Ana', 'Gil', '9', '1999-03-17', 9
  FROM betting ON CONFLICT DO NOTHING`;

test("two centrals at once upgrade version 1 with its bets, without plpgsql", async () => {
  const database = await freshDatabase();
  await database.query(
    `${VERSION_1}; INSERT INTO finished VALUES (2); DROP EXTENSION plpgsql`,
  );
  const stores = await Promise.all(
    [1, 2].map(() => openStore(database.url, 2)),
  );
  await using one = stores[0]!;
  await using other = stores[1]!;
  for (const { stats } of [one, other]) {
    assertEquals(stats.bets, 200);
    assertEquals([...stats.finished], [2]);
  }
  assertEquals(await append(other, makeBatch(1, 95)), 5);
  await one.finish(1);
  assertEquals(one.draw.isHeld, true);
  assertEquals((await other.winners(2)).length, 10);
});

test("an upgrade keeps a held draw", async () => {
  const database = await freshDatabase();
  await database.query(`${VERSION_1};
    INSERT INTO finished VALUES (1), (2), (3);
    UPDATE loteria SET draw_held_at = now()`);
  const log = CapturedLog.start();
  await using store = await openStore(database.url, 3);
  await log.line("WARN action: upgrade_tables | result: success | version: 2");
  assertEquals(
    await database.query("SELECT agency, bets_drawn FROM agencies ORDER BY 1"),
    "1|100\n2|100\n3|0",
  );
  assertEquals(await store.draw.held, "earlier");
  assertEquals(await append(store, makeBatch(1, 90)), 10);
  await assertRejects(
    () => append(store, makeBatch(1, 95)),
    BettingClosedError,
  );
  await assertRejects(() => append(store, makeBatch(3)), BettingClosedError);
});

test("an upgrade locks out centrals of version 1", async () => {
  const database = await freshDatabase();
  await database.query(VERSION_1);
  await database.query(INSERT_1);
  await using store = await openStore(database.url);
  assertEquals(store.stats.bets, 201);
  // With an error, which a central of version 1 answers with STORAGE.
  await assertRejects(
    () => database.query(INSERT_1),
    Error,
    'column "draw_held_at" does not exist',
  );
});

test("an upgrade waits for the statements of version 1", async () => {
  const database = await freshDatabase();
  await database.query(VERSION_1);
  const late = await database.hold(INSERT_1);
  const opening = PostgresStore.open(database.url);
  await database.waitForLocks(1, opening);
  await late[Symbol.asyncDispose]();
  const store = await opening;
  assertEquals(store.stats.bets, 201);
  await store.close();
});
