import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { StorageError } from "../../storage/mod.ts";
import { testFault as test } from "../faults/plan.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { delay, within } from "../support/deadline.ts";
import { freshDatabase } from "./support/shared_server.ts";
import { append, makeBatch, openStore } from "./support/made_store.ts";

test("PostgresStore answers STORAGE if a new trigger drops bets", async () => {
  const database = await freshDatabase();
  await using store = await openStore(database.url);
  using writer = store.writer();
  await writer.append(makeBatch(1));
  await database.query(`CREATE FUNCTION drop() RETURNS trigger
      LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER t BEFORE INSERT ON bets
    FOR EACH ROW WHEN (NEW.document <> '10') EXECUTE FUNCTION drop()`);
  for (const attempt of [writer, store.writer()]) {
    await assertRejects(
      () => attempt.append(makeBatch(1, 10)),
      StorageError,
      "bets of agency 1 are neither stored now nor before",
    );
  }
});

test("PostgresStore answers STORAGE while its tables are emptied", async () => {
  const database = await freshDatabase();
  await using store = await openStore(database.url, 2);
  await append(store, makeBatch(1));
  await database.query(
    "CREATE TABLE copy AS TABLE loteria; TRUNCATE loteria, bets, agencies",
  );
  const error = await assertRejects(
    () => append(store, makeBatch(1)),
    StorageError,
  );
  assertEquals(/loteria has (?:no row|0 rows)/.test(error.message), true);
  // The next check of the tables finds it, without any agency.
  await until(() => store.stats.problem !== undefined);
  await database.query("INSERT INTO loteria TABLE copy");
  await until(() => store.stats.problem === undefined);
  assertEquals(await append(store, makeBatch(1)), 0);
});

test("PostgresStore answers STORAGE if its tables are moved", async () => {
  const database = await freshDatabase();
  await using store = await openStore(database.url);
  await append(store, makeBatch(1));
  await database.query(`CREATE SCHEMA other;
    ALTER TABLE bets SET SCHEMA other; ALTER TABLE agencies SET SCHEMA other;
    ALTER TABLE loteria SET SCHEMA other;
    ALTER DATABASE ${database.name} SET search_path TO other`);
  await database.cutConnections();
  await until(() => store.stats.problem !== undefined);
  const moved =
    /tables are in the schema "other" now, at the start it was "public"/;
  await until(() => moved.test(store.stats.problem ?? ""));
});

test("a problem ends once a bet could be stored", async () => {
  const database = await freshDatabase();
  await using store = await openStore(
    `${database.url}?statement_timeout=77000`,
  );
  await append(store, makeBatch(1));
  // A sequence keeps its value although the central's probe fails.
  await database.query(`CREATE SEQUENCE probes;
    ALTER TABLE bets ADD CONSTRAINT c CHECK (CASE agency WHEN 1 THEN true
      WHEN 0 THEN nextval('probes') < 0 ELSE false END);
    CREATE TABLE seen (timeout text);
    CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO seen VALUES (current_setting('statement_timeout')); RETURN NULL;
    END $$;
    CREATE TRIGGER see AFTER INSERT ON bets EXECUTE FUNCTION see()`);
  const log = CapturedLog.start();
  await assertRejects(() => append(store, makeBatch(2)), StorageError);
  const ended = log.line("action: database | result: success");
  await Promise.race([
    database.waitFor("SELECT 1 FROM probes WHERE last_value >= 2"),
    ended.then(() => {
      throw new Error("the problem ended before a bet could be stored");
    }),
  ]);
  assertMatch(store.stats.problem ?? "", /violates check constraint "c"/);
  await database.query("ALTER TABLE bets DROP CONSTRAINT c");
  await ended;
  assertEquals(store.stats.problem, undefined);
  assertEquals(await append(store, makeBatch(2)), 0);
  const counts = "SELECT count(*) FROM bets";
  assertEquals(await database.query(counts), "20");
  assertEquals(await database.query("SELECT DISTINCT * FROM seen"), "77s");
});

test("a key that is lost later is found with the next connection", async () => {
  const database = await freshDatabase();
  await using store = await openStore(database.url);
  await append(store, makeBatch(1));
  await database.query("ALTER TABLE bets DROP CONSTRAINT bets_pkey");
  await database.cutConnections();
  // The cut may be noticed by a statement, or before.
  await until(() => store.stats.problem?.includes("no primary key") === true);
  await assertRejects(() => append(store, makeBatch(1)), StorageError);
  await database.query(
    "ALTER TABLE bets ADD PRIMARY KEY (agency, source, position)",
  );
  await until(() => store.stats.problem === undefined);
  assertEquals(await append(store, makeBatch(1)), 10);
});

/** Waits for what the central finds out within a second. */
async function until(isSo: () => boolean): Promise<void> {
  let isLate = false;
  const wait = async () => {
    while (!isSo() && !isLate) await delay(20);
  };
  try {
    await within(wait(), () => `never: ${isSo}`, 15_000);
  } finally {
    isLate = true;
  }
}
