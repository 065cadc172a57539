import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { readAddress } from "../../postgres/connection/address.ts";
import { UnfitDatabaseError } from "../../postgres/connection/errors.ts";
import { Session } from "../../postgres/connection/session.ts";
import { checkDatabase } from "../../postgres/schema/prepare.ts";
import { PostgresStore } from "../../postgres/postgres_store.ts";
import { ProgramError } from "../../program/errors.ts";
import { testFault as test } from "../faults/plan.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { freshDatabase } from "./support/shared_server.ts";
import { append, makeBatch, openStore } from "./support/made_store.ts";

/** A function for triggers that drop rows. */
const DROPPING = `CREATE FUNCTION drop() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN RETURN NULL; END'`;

/** Changes to the tables by a person or a restore, and the error at startup. */
const UNFIT: readonly (readonly [string, RegExp])[] = [
  [
    "ALTER TABLE bets DROP CONSTRAINT bets_pkey",
    /table bets has no primary key/,
  ],
  [
    "ALTER TABLE agencies DROP CONSTRAINT agencies_pkey",
    /table agencies has no primary key/,
  ],
  [
    "ALTER TABLE bets DROP CONSTRAINT bets_pkey, ADD PRIMARY KEY (agency, source, position, number)",
    /primary key \(agency,source,position,number\), expected \(agency,source,position\)/,
  ],
  [
    "ALTER TABLE bets DROP CONSTRAINT bets_pkey, ADD PRIMARY KEY (agency, source, position) DEFERRABLE",
    /has no primary key/,
  ],
  ["TRUNCATE loteria", /table loteria has 0 rows, expected one/],
  [
    `ALTER TABLE loteria DROP CONSTRAINT loteria_pkey;
      INSERT INTO loteria TABLE loteria`,
    /table loteria has 2 rows, expected one/,
  ],
  [
    "DROP TABLE loteria, bets, agencies; SET LOCAL search_path TO nowhere",
    /no schema of the search path exists/,
  ],
  ["DROP TABLE loteria", /has agencies, bets, but not loteria/],
  ["DROP TABLE bets", /table bets is missing/],
  ["DROP TABLE agencies", /table agencies is missing/],
  ["ALTER TABLE bets DROP COLUMN document", /has no column document/],
  ["ALTER TABLE bets ALTER document TYPE varchar(5)", /document text/],
  ["ALTER TABLE bets SET UNLOGGED", /bets or a part of it is UNLOGGED/],
  [
    "ALTER TABLE bets RENAME TO b; CREATE VIEW bets AS SELECT * FROM b",
    /bets is a view/,
  ],
  [
    "CREATE SCHEMA loteria; CREATE TABLE loteria.bets (a int)",
    /several schemas of the search path have its tables: loteria, public; ex/,
  ],
  [
    "CREATE SCHEMA other; SET LOCAL search_path TO other",
    /in the schema public, which is not on the search path; add \?options=-csearch_path%3Dpublic to/,
  ],
  [
    "CREATE TABLE child () INHERITS (bets)",
    /bets has inheritance children/,
  ],
  [
    `DROP TABLE bets; CREATE TABLE bets (agency bigint, source bigint,
      position bigint, first_name text, last_name text, document text,
      birthdate date, number bigint, PRIMARY KEY (agency, source, position))
      PARTITION BY HASH (agency); CREATE UNLOGGED TABLE part PARTITION OF bets
      FOR VALUES WITH (MODULUS 1, REMAINDER 0)`,
    /bets or a part of it is UNLOGGED/,
  ],
  [
    `${DROPPING}; CREATE TRIGGER t BEFORE INSERT ON bets FOR EACH ROW
      EXECUTE FUNCTION drop(); CREATE TRIGGER u BEFORE UPDATE ON bets FOR EACH
      ROW EXECUTE FUNCTION drop()`,
    /bets has a trigger or rule that may change or drop rows: t, u;/,
  ],
  [
    `${DROPPING}; CREATE TRIGGER t BEFORE UPDATE ON agencies FOR EACH ROW
      EXECUTE FUNCTION drop()`,
    /agencies has a trigger or rule/,
  ],
  [
    "CREATE RULE r AS ON UPDATE TO loteria DO INSTEAD NOTHING",
    /loteria has a trigger or rule that may change or drop rows: r;/,
  ],
  ["UPDATE loteria SET version = 3", /version 3, this central knows version 2/],
];

test("checkDatabase() refuses tables that do not fit", async () => {
  const { url } = await freshDatabase();
  await (await PostgresStore.open(url)).close();
  const session = await openSession(url);
  const ask = (text: string) => session.query(text, [], { timeoutMs: 0 });
  // Inspects what an open transaction has changed.
  const inside: Pick<Session, "query"> = {
    query: (text, values, options) =>
      /^(?:BEGIN|COMMIT)/.test(text)
        ? Promise.resolve({ rows: [], rowCount: null })
        : session.query(text, values, options),
  };
  for (const [statement, reason] of UNFIT) {
    await ask(`BEGIN; ${statement}`);
    const error = await assertRejects(
      () => checkDatabase(inside as Session),
      UnfitDatabaseError,
    );
    assertMatch(error.message, reason);
    await ask("ROLLBACK");
  }
  session.destroy();
});

test("PostgresStore.open() refuses encodings other than UTF8", async () => {
  const { url } = await freshDatabase(
    "ENCODING 'LATIN1' TEMPLATE template0",
  );
  await assertRefused(url, /encoding is LATIN1, expected UTF8/);
});

test("PostgresStore.open() asks what its role may do", async () => {
  const database = await freshDatabase();
  await database.query("CREATE ROLE agent LOGIN PASSWORD 'clave'");
  const { url } = database;
  await (await PostgresStore.open(url)).close();
  const agentUrl = url.replace("loteria:secreto", "agent:clave");
  await assertRefused(agentUrl, /permission denied/);
  await database.query(
    `GRANT SELECT, INSERT, UPDATE ON agencies, loteria TO agent;
    GRANT SELECT ON bets TO agent`,
  );
  await assertRefused(agentUrl, /bets does not allow INSERT to the role agent/);
  await database.query("GRANT INSERT ON bets TO agent");
  {
    await using store = await openStore(agentUrl, 1);
    assertEquals(await append(store, makeBatch(1)), 0);
    await store.finish(1);
    assertEquals(store.draw.isHeld, true);
  }
  await database.query("ALTER TABLE bets ENABLE ROW LEVEL SECURITY");
  await assertRefused(agentUrl, /bets hides rows/);
  await database.query("REVOKE ALL ON pg_locks FROM PUBLIC");
  await assertRefused(agentUrl, /permission denied for view pg_locks/);
});

test("PostgresStore uses its tables even if a schema has the role's name", async () => {
  const database = await freshDatabase();
  const { url } = database;
  await using store = await openStore(url);
  await append(store, makeBatch(1));
  await database.query("CREATE SCHEMA loteria");
  await using second = await openStore(url);
  assertEquals(second.stats.bets, 10);
  assertEquals(await append(second, makeBatch(1)), 10);
});

test("PostgresStore finds its tables in a schema with any name", async () => {
  const database = await freshDatabase();
  const name = '"my ""bets"" 2"';
  await database.query(
    `CREATE SCHEMA ${name};
    ALTER DATABASE ${database.name} SET search_path TO ${name}`,
  );
  await using store = await openStore(database.url, 1);
  assertEquals(await append(store, makeBatch(1)), 0);
  await store.finish(1);
  assertEquals(await store.winners(1), ["0"]);
  const count = `SELECT count(*) FROM ${name}.bets`;
  assertEquals(await database.query(count), "10");
});

/** Settings of a database, and the settings that a central uses. */
const SETTINGS: readonly (readonly [string, string, string])[] = [
  ["DateStyle", "SQL, DMY", "ISO, YMD"],
  ["IntervalStyle", "iso_8601", "postgres"],
  ["TimeZone", "America/Lima", "GMT"],
  ["client_encoding", "LATIN1", "UTF8"],
  ["standard_conforming_strings", "off", "on"],
  ["lock_timeout", "7s", "0"],
  ["idle_in_transaction_session_timeout", "7s", "0"],
  ["idle_session_timeout", "7s", "0"],
  ["default_transaction_isolation", "serializable", "read committed"],
  ["quote_all_identifiers", "on", "off"],
  ["synchronous_commit", "off", "on"],
  ["statement_timeout", "7s", "8s"],
];

test("Session applies its settings to each connection", async () => {
  const database = await freshDatabase();
  await database.query(
    SETTINGS.map(([setting, value]) =>
      `ALTER DATABASE ${database.name} SET ${setting} TO ${
        setting === "DateStyle" ? value : `'${value}'`
      };`
    ).join(""),
  );
  const session = await openSession(database.url);
  const { rows } = await session.query(
    "SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name",
    [SETTINGS.map(([setting]) => setting)],
    { timeoutMs: 0 },
  );
  assertEquals(
    rows,
    SETTINGS.map(([name, , value]) => ({ name, value })),
  );
  session.destroy();
  // It waits for more than `on`.
  await database.query(
    `ALTER DATABASE ${database.name} SET synchronous_commit TO remote_apply`,
  );
  const other = await openSession(database.url);
  const show = "SHOW synchronous_commit";
  const shown = await other.query(show, [], { timeoutMs: 0 });
  assertEquals(shown.rows, [{ synchronous_commit: "remote_apply" }]);
  other.destroy();
  await using store = await openStore(database.url);
  for (const before of [0, 10]) {
    assertEquals(await append(store, makeBatch(1)), before);
  }
  const days = "SELECT DISTINCT to_char(birthdate, 'YYYY-MM-DD') FROM bets";
  assertEquals(await database.query(days), "1999-03-17");
});

test("Session says where to put a missing password", async () => {
  const { url } = await freshDatabase();
  await assertRejects(
    () => openSession(url.replace(":secreto", "")),
    Error,
    "the server asks for a password, and neither",
  );
});

test("PostgresStore.open() warns of settings with which a crash loses bets", async () => {
  const { url } = await freshDatabase();
  const log = CapturedLog.start();
  const created = "INFO action: create_tables | result: success | version: 2";
  for (let start = 1; start <= 2; start++) {
    await using _store = await openStore(url);
    assertEquals(log.linesWith("create_tables"), [created]);
    assertMatch(
      await log.line("check_database", start),
      /^WARN .*fsync and full_page_writes off: a crash of/,
    );
  }
});

test("PostgresStore.open() allows triggers that drop no bet", async () => {
  const database = await freshDatabase();
  const { url } = database;
  await (await openStore(url)).close();
  await database.query(`${DROPPING};
    CREATE TRIGGER a BEFORE DELETE ON bets FOR EACH ROW EXECUTE FUNCTION drop();
    CREATE TRIGGER b AFTER INSERT ON bets FOR EACH ROW EXECUTE FUNCTION drop();
    CREATE TRIGGER c BEFORE INSERT ON bets EXECUTE FUNCTION drop();
    CREATE TRIGGER d BEFORE INSERT ON bets FOR EACH ROW EXECUTE FUNCTION drop();
    ALTER TABLE bets DISABLE TRIGGER d`);
  await using store = await openStore(url);
  await append(store, makeBatch(1));
  assertEquals(await database.query("SELECT count(*) FROM bets"), "10");
});

async function openSession(url: string): Promise<Session> {
  const address = readAddress(url, () => undefined);
  const session = new Session(address, address.hosts[0]!, false);
  await session.connect();
  return session;
}

async function assertRefused(url: string, reason: RegExp): Promise<void> {
  const error = await assertRejects(
    () => PostgresStore.open(url),
    ProgramError,
  );
  assertMatch(error.message, reason);
  assertEquals(error.message.includes("\n"), false, error.message);
}
