import { assertEquals, assertRejects } from "@std/assert";
import {
  sqlState,
  UnfitDatabaseError,
} from "../../postgres/connection/errors.ts";
import type { Row, Session } from "../../postgres/connection/session.ts";
import { checkDatabase, prepareTables } from "../../postgres/schema/prepare.ts";
import { CapturedLog } from "../support/captured_log.ts";
import "../support/watchdog.ts";
import {
  databaseError,
  FakeDatabase,
  inTurn,
  tablesOf,
} from "./support/fake_database.ts";

const BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED";

/**
 * A database of some version, 0 without tables, on which creating them fails
 * with the codes of a list, one after the other.
 */
function databaseOf(
  version: number,
  codes: readonly string[] = [],
  tables: readonly Row[] = version === 0 ? [] : tablesOf('a"b'),
) {
  const left = [...codes];
  const fake = new FakeDatabase((text) => {
    if (text.includes("server_encoding")) {
      return [{ encoding: "UTF8", schema: "public", role: "r", unsafe: null }];
    }
    if (text.startsWith("WITH RECURSIVE")) return tables;
    if (text.startsWith("SELECT version")) return [{ version }];
    if (/^(?:CREATE TABLE bets|ALTER TABLE loteria ADD)/.test(text)) {
      const code = left.shift();
      if (code !== undefined) return databaseError(code);
      version = 2;
      tables = tablesOf('a"b');
    }
    return undefined;
  });
  const limits: number[] = [];
  const ask = inTurn(fake.query);
  const session: Pick<Session, "query"> = {
    query(text, values, { timeoutMs }) {
      limits.push(timeoutMs);
      return ask(text, values);
    },
  };
  /** What was asked besides the inspections, in short. */
  const changes = () =>
    fake.asked.map(({ text }) => text).filter((text) =>
      !/^(?:WITH|SELECT|BEGIN .* READ ONLY$)/.test(text)
    ).map((text) => text.split(/ ?\(/)[0]!.replace(BEGIN, "BEGIN"));
  return { session: session as Session, fake, limits, changes };
}

const UNLIMITED = ["BEGIN", "SET LOCAL statement_timeout TO 0"];
const CREATE = [
  ...[...UNLIMITED, "CREATE TABLE loteria", "CREATE TABLE agencies"],
  ...["CREATE TABLE bets", "CREATE INDEX bets_winners ON bets"],
  ...["INSERT INTO loteria", "COMMIT"],
];
/** What is asked until a table cannot be made. */
const FAILED = [...CREATE.slice(0, 5), "ROLLBACK"];

Deno.test("prepareTables() creates tables, then looks at them", async () => {
  const log = CapturedLog.start();
  const { session, changes, limits } = databaseOf(0);
  assertEquals(await prepareTables(session), '"a""b"');
  // The inspections are transactions of their own.
  assertEquals(changes(), ["COMMIT", ...CREATE, "COMMIT"]);
  assertEquals(log.lines, [
    "INFO action: create_tables | result: success | version: 2",
  ]);
  assertEquals(new Set(limits), new Set([8_000, 0]));
  assertEquals(limits.filter((limit) => limit === 0).length, CREATE.length);
});

Deno.test("prepareTables() locks the tables of version 1 before it upgrades them", async () => {
  const { session, changes } = databaseOf(1);
  assertEquals(await prepareTables(session), '"a""b"');
  assertEquals(changes().slice(0, 6), [
    ...["COMMIT", ...UNLIMITED, 'SET LOCAL search_path TO "a""b", pg_catalog'],
    "LOCK TABLE loteria IN ACCESS EXCLUSIVE MODE",
    "LOCK TABLE bets, finished IN EXCLUSIVE MODE",
  ]);
});

/** Errors of a start beside another one. */
const CONFLICTS = [
  ...["23505", "42P07", "42710", "XX000", "40001", "40P01", "42701", "42703"],
  ...["42P01"],
];

for (const code of CONFLICTS) {
  Deno.test(`prepareTables() tries again after ${code}`, async () => {
    const { session, changes } = databaseOf(0, Array(4).fill(code));
    assertEquals(await prepareTables(session), '"a""b"');
    assertEquals(changes(), [
      ...Array(4).fill(["COMMIT", ...FAILED]).flat(),
      ...["COMMIT", ...CREATE, "COMMIT"],
    ]);
  });
}

for (const codes of [Array(5).fill("23505"), ["42501"]]) {
  Deno.test(`prepareTables() gives up after ${codes}`, async () => {
    const { session, changes } = databaseOf(0, codes);
    const error = await assertRejects(() => prepareTables(session));
    assertEquals(sqlState(error), codes[0]);
    assertEquals(changes(), codes.flatMap(() => ["COMMIT", ...FAILED]));
  });
}

Deno.test("prepareTables() and checkDatabase() refuse other versions", async () => {
  const other = (version: number) =>
    `its tables have version ${version}, this central knows version 2`;
  const cases = [
    [prepareTables, 3, other(3)],
    [checkDatabase, 1, other(1)],
    [checkDatabase, 0, "it has no tables of a central"],
  ] as const;
  for (const [prepare, version, reason] of cases) {
    const { session, changes } = databaseOf(version);
    await assertRejects(() => prepare(session), UnfitDatabaseError, reason);
    assertEquals(changes(), ["COMMIT"]);
  }
  assertEquals(await checkDatabase(databaseOf(2).session), '"a""b"');
});

Deno.test("prepareTables() makes its own beside other tables with such names", async () => {
  const tables = tablesOf("a", false).filter(({ name }) => name === "bets");
  const { session, changes } = databaseOf(0, [], tables);
  assertEquals(await prepareTables(session), '"a""b"');
  assertEquals(changes(), ["COMMIT", ...CREATE, "COMMIT"]);
});
