import { assertEquals, assertRejects } from "@std/assert";
import { StorageError } from "../../storage/mod.ts";
import {
  ERROR_CLASSES,
  type Remedy,
} from "../../postgres/connection/errors.ts";
import { testFault } from "../faults/plan.ts";
import { Cluster } from "./cluster.ts";
import { append, makeBatch, openStore } from "./made_store.ts";

/** One code of each class, as a server would give it. */
const CODES: readonly (readonly [string, Remedy])[] = [
  ["40001", "repeat"],
  ["40P01", "repeat"],
  ["26000", "repeat"],
  ["42P05", "repeat"],
  ["22008", "split"],
  ["23514", "split"],
  ["57014", "wait"],
  ["55P03", "wait"],
  ["53100", "wait"],
  ["08006", "reconnect"],
  ["25006", "reconnect"],
  ["53200", "reconnect"],
  ["57P03", "reconnect"],
  ["XX000", "reconnect"],
  ["42501", "reconnect"],
];
/** A sequence keeps its value although the statement is undone. */
const FAILING = `
  CREATE SEQUENCE failures MINVALUE 0 START 0;
  CREATE TABLE plan (code text, failures integer);
  CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('failures') < (SELECT failures FROM plan) THEN
      RAISE 'planned' USING ERRCODE = (SELECT code FROM plan);
    END IF; RETURN NULL; END $$;
  CREATE TRIGGER fail AFTER INSERT ON bets EXECUTE FUNCTION fail()`;

Deno.test("every class of errors is tried", () => {
  for (const [prefix] of ERROR_CLASSES) {
    assertEquals(CODES.some(([code]) => code.startsWith(prefix)), true, prefix);
  }
});

testFault("each class of errors has its remedy", async () => {
  await using cluster = await Cluster.start();
  await using store = await openStore(cluster.urlOf());
  await append(store, makeBatch(1));
  await cluster.query(FAILING);
  for (const [i, [code, remedy]] of CODES.entries()) {
    const [first, second] = [1, 2].map((n) => makeBatch(1, 1000 * n + 10 * i));
    const plan = async (failures: number) => {
      await cluster.query(
        `TRUNCATE plan; INSERT INTO plan VALUES ('${code}', ${failures});
         SELECT setval('failures', 0, false)`,
      );
    };
    const sessions = async () =>
      (await cluster.query(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'loteria'",
      )).split("\n");
    const before = await sessions();
    if (remedy === "repeat") {
      await plan(3);
      assertEquals(await append(store, first!), 0, code);
      await plan(1000);
      await assertRejects(() => append(store, second!), StorageError, code);
    } else if (remedy === "split") {
      await plan(1);
      const outcomes = await Promise.all(
        [first!, second!].map((batch) => append(store, batch)),
      );
      assertEquals(outcomes, [0, 0], code);
    } else {
      await plan(1);
      await assertRejects(() => append(store, first!), StorageError, code);
      assertEquals(await append(store, second!), 0, code);
      // A poll at the same moment takes one more.
      const after = await sessions();
      const areKept = before.every((id) => after.includes(id));
      assertEquals(areKept, remedy === "wait", `${code}: connections`);
    }
    await plan(0);
  }
});

testFault("a deadlock with another session is survived", async () => {
  await using cluster = await Cluster.start({ deadlock_timeout: "100ms" });
  await using store = await openStore(cluster.urlOf());
  await append(store, makeBatch(1));
  await cluster.query(`
    CREATE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN LOCK TABLE loteria IN EXCLUSIVE MODE; RETURN NULL; END';
    CREATE TRIGGER meet AFTER INSERT ON bets EXECUTE FUNCTION meet()`);
  const other = cluster.query(`BEGIN; LOCK TABLE loteria IN EXCLUSIVE MODE;
    SELECT pg_sleep(0.5); UPDATE agencies SET finished_at = NULL; COMMIT`);
  await cluster.waitFor(
    "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
  );
  const outcomes = await Promise.allSettled([
    append(store, makeBatch(1, 10)),
    other,
  ]);
  // PostgreSQL ends one of the two; ours is repeated.
  assertEquals(outcomes[0]!.status, "fulfilled");
});
