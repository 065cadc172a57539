import { assertEquals, assertRejects } from "@std/assert";
import { BettingClosedError, StorageError } from "../../storage/mod.ts";
import { testFault as test } from "../faults/plan.ts";
import { freshDatabase } from "./support/shared_server.ts";
import { append, makeBatch, openStore } from "./support/made_store.ts";

/** Lets an insert wait for the test. */
const WAITING_TRIGGER = `
  CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
  CREATE TRIGGER wait AFTER INSERT ON bets EXECUTE FUNCTION wait()`;

// A connection's first batch is stored by another statement than later ones.
for (const areNew of [false, true]) {
  test(`FINISH waits for a commit under way, new: ${areNew}`, async () => {
    const database = await freshDatabase();
    await using store = await openStore(database.url, 1);
    using writer = store.writer();
    if (areNew) await writer.append(makeBatch(1));
    else await append(store, makeBatch(1));
    await database.query(WAITING_TRIGGER);
    const lock = await database.hold("SELECT pg_advisory_xact_lock(1)");
    const late = writer.append(makeBatch(1, 10));
    await database.waitForLocks(1, late);
    const finished = store.finish(1);
    await database.waitForLocks(2, late, finished);
    await lock[Symbol.asyncDispose]();
    await finished;
    assertEquals(await late, 0);
    assertEquals(store.draw.isHeld, true);
    assertEquals(await store.winners(1), ["0", "10"]);
  });
}

test("a new agency and a second draw wait for a draw under way", async () => {
  const database = await freshDatabase();
  await using store = await openStore(database.url, 1);
  await using other = await openStore(database.url, 1);
  await store.finish(1);
  await database.query("UPDATE loteria SET held_at = NULL");
  const draw = await database.hold("UPDATE loteria SET held_at = now()");
  const late = append(other, makeBatch(7));
  await database.waitForLocks(1, late);
  const finished = other.finish(1);
  await database.waitForLocks(2, late, finished);
  await draw[Symbol.asyncDispose]();
  await assertRejects(() => late, BettingClosedError);
  await finished;
  assertEquals(await other.draw.held, "elsewhere");
  assertEquals(await database.query("SELECT agency FROM agencies"), "1");
});

test("an agency that finishes again keeps its first time", async () => {
  const database = await freshDatabase();
  await using store = await openStore(database.url, 2);
  const finishedAt = () =>
    database.query("SELECT agency, finished_at FROM agencies");
  await store.finish(2);
  const first = await finishedAt();
  await store.finish(2);
  assertEquals(await finishedAt(), first);
});

test("the winners of two files are not interleaved", async () => {
  const database = await freshDatabase();
  await using store = await openStore(database.url, 1);
  const [one, other] = ["00000000000000aa", "00000000000000bb"];
  for (const start of [0, 10, 20]) {
    await append(store, makeBatch(1, start, 10, other));
    if (start < 20) await append(store, makeBatch(1, start, 10, one));
  }
  await store.finish(1);
  assertEquals(await store.winners(1), ["0", "10", "0", "10", "20"]);
});

test("PostgresStore returns no winners while a prepared transaction hides bets", async () => {
  const database = await freshDatabase();
  await using store = await openStore(database.url, 1);
  await append(store, makeBatch(1));
  await store.finish(1);
  await database.query(`BEGIN;
    INSERT INTO bets SELECT agency, source, 77, first_name, last_name, document,
      birthdate, number FROM bets LIMIT 1;
    PREPARE TRANSACTION 'p'`);
  await assertRejects(
    () => store.winners(1),
    StorageError,
    "pg_prepared_xacts",
  );
  await database.query("ROLLBACK PREPARED 'p'");
  assertEquals(await store.winners(1), ["0"]);
});
