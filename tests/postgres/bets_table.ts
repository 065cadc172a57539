import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { sourceOf } from "../../postgres/bets/bet_columns.ts";
import { BetsTable, type Stored } from "../../postgres/bets/bets_table.ts";
import {
  sqlState,
  UnfitDatabaseError,
} from "../../postgres/connection/errors.ts";
import "../support/watchdog.ts";
import {
  databaseError,
  FakeDatabase,
  type Script,
} from "./support/fake_database.ts";
import { makeBatch } from "./support/made_store.ts";

/** Statements by a part of their text. */
const KINDS = [
  ["new", /^INSERT INTO s\.bets .* FOR SHARE\) AS o, /],
  ["missing", /^INSERT INTO s\.bets .*FOR SHARE OF o ON CONFLICT .* RETURNING/],
  ["agency", /^INSERT INTO s\.agencies .* FOR SHARE ON CONFLICT/],
  ["look", /^SELECT held_at IS NOT NULL .* NOT EXISTS.* FROM s\.loteria$/],
] as const;

function at(...positions: number[]) {
  return positions.map((position) => ({ position: String(position) }));
}

/** The answer of the look: positions that are not stored. */
function missing(positions: number[], isHeld = false) {
  return [{ isHeld, missing: positions.map(String) }];
}

function kindsOf({ asked }: FakeDatabase): string[] {
  return asked.map(({ text }) =>
    KINDS.find(([, pattern]) => pattern.test(text))?.[0] ?? text
  );
}

function outcome(before: number, isLate = false): Stored {
  return { before, isLate };
}

interface InsertCase {
  name: string;
  areNew?: boolean;
  script: Script;
  asked: readonly string[];
  stored: readonly Stored[] | RegExp;
}

/** What no real database does when a test wants it. */
const INSERTS: readonly InsertCase[] = [
  {
    name: "tries again if not all were stored",
    areNew: true,
    script: [at(5, 6), [], missing([5, 6, 7], true)],
    asked: ["new", "missing", "look"],
    stored: [outcome(0, true)],
  },
  {
    name: "passes on another error",
    areNew: true,
    script: [databaseError("23514")],
    asked: ["new"],
    stored: /it says no/,
  },
  {
    name: "counts what each attempt stores",
    script: [at(5), missing([6]), [], at(6), missing([])],
    asked: ["missing", "look", "agency", "missing", "look"],
    stored: [outcome(1)],
  },
  {
    name: "gives up bets that it cannot store",
    script: Array(5).fill([at(5), missing([6, 7]), []]).flat(),
    asked: Array(5).fill(["missing", "look", "agency"]).flat(),
    stored: /bets of agency 1 are neither stored now nor before/,
  },
];

for (
  const { name, areNew = false, script, asked, stored } of INSERTS
) {
  Deno.test(`BetsTable.insert() ${name}`, async () => {
    const fake = new FakeDatabase(script);
    const table = new BetsTable(fake.database, "s");
    const running = table.insert([makeBatch(1, 5, 3)], { areNew });
    if (stored instanceof RegExp) {
      const error = await assertRejects(() => running, Error);
      assertMatch(error.message, stored);
      assertEquals(
        error instanceof UnfitDatabaseError,
        sqlState(error) === undefined,
      );
    } else {
      assertEquals(await running, stored);
    }
    assertEquals(kindsOf(fake), asked);
    // A distributed engine sends it to one node: each names one agency.
    for (const { text, values } of fake.asked) {
      assertEquals(values[0], 1);
      if (!text.includes("INTO s.agencies")) {
        assertMatch(text, /agency = \$1::bigint/);
      }
    }
  });
}

Deno.test("sourceOf() gives a fingerprint as a signed number", () => {
  for (
    const [fingerprint, source] of [
      ["0000000000000000", "0"],
      ["7fffffffffffffff", "9223372036854775807"],
      ["8000000000000000", "-9223372036854775808"],
      ["ffffffffffffffff", "-1"],
    ] as const
  ) assertEquals(sourceOf(fingerprint), source);
});
