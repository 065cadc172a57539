import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { testInTime } from "./support/in_time.ts";
import {
  sqlState,
  UnfitDatabaseError,
} from "../../postgres/connection/errors.ts";
import type { Row, Session } from "../../postgres/connection/session.ts";
import { checkDatabase, prepareTables } from "../../postgres/schema/prepare.ts";
import { CapturedLog } from "../support/captured_log.ts";
import {
  databaseError,
  FakeDatabase,
  inTurn,
  tablesOf,
} from "./support/fake_database.ts";

const BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED";

/**
 * A database of some version, 0 without tables, whose statements may fail: with
 * the codes of a list, one after the other.
 */
function databaseOf(
  version: number,
  {
    codes = [],
    unsafe = null,
    server = {},
    tables = version === 0 ? [] : tablesOf('a"b'),
    versions = 1,
  }: {
    codes?: readonly string[];
    unsafe?: readonly string[] | null;
    /** Of what the server says about itself, the unusual. */
    server?: Row;
    tables?: readonly Row[];
    /** Rows of the table `loteria`. */
    versions?: number;
  } = {},
) {
  const left = [...codes];
  const fake = new FakeDatabase((text) => {
    if (text.includes("server_encoding")) {
      const usual = { encoding: "UTF8", schema: "public", role: "r", unsafe };
      return [{ ...usual, ...server }];
    }
    if (text.startsWith("WITH RECURSIVE")) return tables;
    if (text.startsWith("SELECT version")) {
      return Array(versions).fill({ version });
    }
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
const UPGRADE = [
  ...[...UNLIMITED, 'SET LOCAL search_path TO "a""b", pg_catalog'],
  ...["LOCK TABLE loteria IN ACCESS EXCLUSIVE MODE"],
  ...["LOCK TABLE bets, finished IN EXCLUSIVE MODE"],
  ...["ALTER TABLE loteria RENAME COLUMN draw_held_at TO held_at"],
  ...["ALTER TABLE loteria ADD COLUMN draw_agencies integer"],
  ...["CREATE TABLE agencies", "INSERT INTO agencies", "DROP TABLE finished"],
  ...["UPDATE loteria SET version = 2", "COMMIT"],
];
/** What is asked until a table cannot be made. */
const FAILED = [...CREATE.slice(0, 5), "ROLLBACK"];

testInTime("prepareTables() creates tables, then looks at them", async () => {
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

testInTime("prepareTables() upgrades tables of version 1", async () => {
  const log = CapturedLog.start();
  const { session, changes } = databaseOf(1);
  assertEquals(await prepareTables(session), '"a""b"');
  assertEquals(changes(), ["COMMIT", ...UPGRADE, "COMMIT"]);
  assertMatch(log.lines[0]!, /^WARN action: upgrade_tables .* version: 2 /);
});

testInTime(
  "prepareTables() takes the tables of this version as they are",
  async () => {
    const log = CapturedLog.start();
    const { session, changes } = databaseOf(2, { unsafe: ["fsync", "x"] });
    assertEquals(await prepareTables(session), '"a""b"');
    assertEquals(changes(), ["COMMIT"]);
    assertMatch(
      log.lines.join("\n"),
      /^WARN action: check_database \| result: fail \| reason: fsync and x off: a crash of/,
    );
  },
);

/** Errors of a start beside another one. */
const CONFLICTS = [
  ...["23505", "42P07", "42710", "XX000", "40001", "40P01", "42701", "42703"],
  ...["42P01"],
];

for (const code of CONFLICTS) {
  testInTime(`prepareTables() tries again after ${code}`, async () => {
    const { session, changes } = databaseOf(0, { codes: Array(4).fill(code) });
    assertEquals(await prepareTables(session), '"a""b"');
    assertEquals(changes(), [
      ...Array(4).fill(["COMMIT", ...FAILED]).flat(),
      ...["COMMIT", ...CREATE, "COMMIT"],
    ]);
  });
}

for (const codes of [Array(5).fill("23505"), ["42501"]]) {
  testInTime(`prepareTables() gives up after ${codes}`, async () => {
    const { session, changes } = databaseOf(0, { codes });
    const error = await assertRejects(() => prepareTables(session));
    assertEquals(sqlState(error), codes[0]);
    assertEquals(changes(), codes.flatMap(() => ["COMMIT", ...FAILED]));
  });
}

testInTime(
  "prepareTables() and checkDatabase() refuse other versions",
  async () => {
    for (
      const [prepare, version, reason] of [
        [
          prepareTables,
          3,
          "its tables have version 3, this central knows version 2",
        ],
        [
          checkDatabase,
          1,
          "its tables have version 1, this central knows version 2",
        ],
        [checkDatabase, 0, "it has no tables of a central"],
      ] as const
    ) {
      const { session, changes } = databaseOf(version);
      await assertRejects(() => prepare(session), UnfitDatabaseError, reason);
      assertEquals(changes(), ["COMMIT"]);
    }
    assertEquals(await checkDatabase(databaseOf(2).session), '"a""b"');
  },
);

const [LOTERIA, AGENCIES, BETS] = tablesOf("a") as [Row, Row, Row];

/** What is found, and the schema or why none is taken. */
const FOUND: readonly (readonly [
  NonNullable<Parameters<typeof databaseOf>[1]>,
  string | RegExp,
])[] = [
  [
    { server: { encoding: "LATIN1" } },
    /^its encoding is LATIN1, expected UTF8/,
  ],
  [
    { tables: [], server: { schema: null } },
    /^no schema of the search path ex/,
  ],
  [
    { tables: tablesOf("a", false) },
    /^its tables are in the schema a, which is not on the search path; add \?options=-csearch_path%3Da to/,
  ],
  [
    { tables: [...tablesOf("a"), ...tablesOf("b")] },
    /^several schemas of the search path have its tables: a, b; expected one/,
  ],
  [{ tables: [...tablesOf("b", false), ...tablesOf("a")] }, '"a"'],
  [
    { tables: [AGENCIES, BETS] },
    /^the schema a has agencies, bets, but not lo/,
  ],
  [{ tables: [LOTERIA, BETS] }, /^its table agencies is missing$/],
  [{ versions: 0 }, /^its table loteria has 0 rows, expected one/],
  [{ versions: 2 }, /^its table loteria has 2 rows, expected one/],
  ...([
    [{ isTable: false }, /^its table bets is a view or a foreign table$/],
    [{ isLogged: false }, /^its table bets or a part of it is UNLOGGED/],
    [{ hasChildren: true }, /^its table bets has inheritance children/],
    [
      { interceptors: ["t", "u"] },
      /^its table bets has a trigger.*: t, u; use/,
    ],
    [{ isFiltered: true }, /^its table bets hides rows/],
    [{ columns: {} }, /bets has no column agency, expected agency bigint$/],
    [
      { columns: { ...BETS["columns"] as Row, number: "text" } },
      /bets has text column number, expected number bigint$/,
    ],
    [{ key: null }, /no primary key, expected \(agency,source,position\)$/],
    [
      { key: ["agency", "position", "source"] },
      /\(agency,position,source\), ex/,
    ],
    [
      { rights: null },
      /does not allow SELECT to the role r: permission denied/,
    ],
    [{ rights: ["SELECT"] }, /does not allow INSERT to the role r/],
    [{ rights: ["INSERT", "SELECT"] }, '"a"'],
  ] as const).map(([found, outcome]) =>
    [{ tables: [LOTERIA, AGENCIES, { ...BETS, ...found }] }, outcome] as const
  ),
];

for (const [found, outcome] of FOUND) {
  testInTime(`prepareTables() finds ${outcome}`, async () => {
    const { session } = databaseOf(2, found);
    if (typeof outcome === "string") {
      assertEquals(await prepareTables(session), outcome);
      return;
    }
    const error = await assertRejects(
      () => prepareTables(session),
      UnfitDatabaseError,
    );
    assertMatch(error.message, outcome);
  });
}

testInTime(
  "prepareTables() makes its own beside other tables with such names",
  async () => {
    const tables = [{ ...BETS, isOnPath: false }];
    const { session, changes } = databaseOf(0, { tables });
    assertEquals(await prepareTables(session), '"a""b"');
    assertEquals(changes(), ["COMMIT", ...CREATE, "COMMIT"]);
  },
);
