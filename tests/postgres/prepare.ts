import { assertEquals, assertRejects } from "@std/assert";
import { sqlState } from "../../postgres/connection/errors.ts";
import type { Row, Session } from "../../postgres/connection/session.ts";
import { prepareTables } from "../../postgres/schema/prepare.ts";
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
  const ask = inTurn(fake.query);
  const session: Pick<Session, "query"> = {
    query: (text, values) => ask(text, values),
  };
  /** What was asked besides the inspections, in short. */
  const changes = () =>
    fake.asked.map(({ text }) => text).filter((text) =>
      !/^(?:WITH|SELECT|BEGIN .* READ ONLY$)/.test(text)
    ).map((text) => text.split(/ ?\(/)[0]!.replace(BEGIN, "BEGIN"));
  return { session: session as Session, changes };
}

const UNLIMITED = ["BEGIN", "SET LOCAL statement_timeout TO 0"];
const CREATE = [
  ...[...UNLIMITED, "CREATE TABLE loteria", "CREATE TABLE agencies"],
  ...["CREATE TABLE bets", "CREATE INDEX bets_winners ON bets"],
  ...["INSERT INTO loteria", "COMMIT"],
];
/** What is asked until a table cannot be made. */
const FAILED = [...CREATE.slice(0, 5), "ROLLBACK"];

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

Deno.test("prepareTables() makes its own beside other tables with such names", async () => {
  const tables = tablesOf("a", false).filter(({ name }) => name === "bets");
  const { session, changes } = databaseOf(0, [], tables);
  assertEquals(await prepareTables(session), '"a""b"');
  assertEquals(changes(), ["COMMIT", ...CREATE, "COMMIT"]);
});
