import { assertEquals, assertMatch } from "@std/assert";
import type { Bet } from "../../bet/bet.ts";
import { FileStore } from "../../storage.ts";
import type { Sent } from "../faults/guarantee.ts";
import { testFault as test } from "../faults/plan.ts";
import { batchOf, GAP } from "../support/batches.ts";
import { within } from "../support/deadline.ts";
import type { BetRow } from "../support/frames.ts";
import { randomRows } from "../support/made_bets.ts";
import { type Ending, startProgram } from "../support/programs.ts";
import { csvRow } from "../support/rows.ts";
import { freshDatabase } from "./support/shared_server.ts";
import { assertStored } from "./support/database_central.ts";
import { append, makeBatch, openStore } from "./support/made_store.ts";

const BETS = 400;
/** Of a tool that takes less than a second. */
const LIMIT_MS = 15_000;

/** Of each of three agencies: more than are imported at once. */
const BATCHES = 90;

test("an import of many batches keeps each agency's bets apart", async ({ dir }) => {
  const database = await freshDatabase();
  const path = `${dir}/bets.csv`;
  {
    await using store = await FileStore.open(path, { fsync: false });
    for (let i = 0; i < BATCHES; i++) {
      for (const agency of [1, 2, 3]) {
        await append(store, makeBatch(agency, i, 1, `${agency}`.repeat(16)));
      }
    }
    await store.finish(1);
  }
  await run("import:postgres", path, database.url);
  assertEquals(
    await database.query(
      `SELECT agency, to_hex(source), min(position), max(position), count(*)
        FROM bets WHERE document = position::text GROUP BY 1, 2 ORDER BY 1`,
    ),
    [1, 2, 3].map((agency) =>
      `${agency}|${`${agency}`.repeat(16)}|0|${BATCHES - 1}|${BATCHES}`
    ).join("\n"),
  );
  // The file store has no draw.
  const state = "SELECT held_at IS NULL, draw_agencies FROM loteria";
  assertEquals(await database.query(state), "t|");
});

test("verify() finds gaps, and bets that came after the draw", async () => {
  const database = await freshDatabase();
  const { url } = database;
  {
    await using store = await openStore(url, 1);
    await append(store, makeBatch(1, 5));
    await store.finish(1);
  }
  const env = { SERVER_STORE_URL: url };
  const good = await runWith(env, "verify:postgres");
  assertEquals(good.code, 0);
  assertMatch(
    good.stdout,
    /^gaps: agency 1, file 0123456789abcdef: 10 bets, 5 bet indexes/m,
  );
  await database.query(
    `INSERT INTO bets SELECT agency, source, 99, first_name, last_name, document,
      birthdate, number FROM bets LIMIT 1`,
  );
  const late = await runWith(env, "verify:postgres");
  assertEquals(late.code, 1);
  assertEquals(
    late.stderr,
    "verify: agency 1 had 10 bets at the draw, and has 11 now\n",
  );
  await database.query(
    `INSERT INTO bets SELECT 9, source + n, 1, first_name, last_name, document,
      birthdate, number FROM bets, generate_series(1, 25) AS n WHERE position = 5`,
  );
  await database.query("UPDATE agencies SET closed_at = NULL");
  const worse = await runWith(env, "verify:postgres");
  assertEquals(
    worse.stderr,
    "verify: agency 1 is open, but the draw is held\nverify: agency 9 has 25 bets and no row in the table agencies\n",
  );
  const gaps = worse.stdout.split("\n").filter((line) => /^gaps/.test(line));
  assertEquals(gaps.length, 21);
  assertEquals(
    gaps[19],
    "gaps: agency 9, file 0123456789abce02: 1 bets, 1 bet indexes before the last one are not stored",
  );
  assertEquals(gaps[20], "gaps: 6 more files");
  await database.query("ALTER TABLE bets DROP CONSTRAINT bets_pkey");
  const unfit = await runWith(env, "verify:postgres");
  assertEquals(unfit.code, 1);
  assertMatch(
    unfit.stderr,
    /^verify: Cannot use [^\n]*no primary key[^\n]*\n$/,
  );
});

test("an export of many bets has each once, in the order of their files", async () => {
  const database = await freshDatabase();
  const { url } = database;
  {
    await using store = await openStore(url);
    await append(store, makeBatch(1));
  }
  await database.query(
    `INSERT INTO bets SELECT agency, source, position + 10 * n, 'Ana, "la"',
      'Gil', n, '0001-02-03', n FROM bets, generate_series(1, 500) AS n
      ORDER BY n DESC, position DESC`,
  );
  const { stdout, code } = await run("export:postgres", url);
  const lines = stdout.split("\n").slice(10, -1);
  const expected = Array.from({ length: 500 }, (_, i) =>
    Array(10).fill(
      `1,"Ana, ""la""",Gil,${1 + i},0001-02-03,${1 + i}`,
    )).flat();
  assertEquals([code, lines.length], [0, 5000]);
  assertEquals(lines, expected);
});

test("a file store is imported, exported and verified", async ({ dir, random }) => {
  const database = await freshDatabase();
  const { url } = database;
  const path = `${dir}/bets.csv`;
  const files = [1, 2].map((agency): Sent => ({
    agency,
    fingerprint: `${agency}`.repeat(16),
    rows: randomRows(random, BETS),
  }));
  {
    await using store = await FileStore.open(path, {
      fsync: false,
      drawAgencies: 2,
    });
    // It takes no part in the draw, after which it could not finish.
    await store.finish(3);
    for (const { agency, fingerprint, rows } of files) {
      for (let at = 0; at < BETS; at += 7) {
        const bets = rows.slice(at, at + 7).map(betOfRow);
        // One row was refused at first.
        const first = bets.map((bet, i) => i === 1 ? GAP : bet);
        for (const sent of [first, bets]) {
          await append(store, batchOf(sent, at, { agency, fingerprint }));
        }
      }
      await store.finish(agency);
    }
  }
  for (let time = 1; time <= 2; time++) {
    const { code, stdout } = await run("import:postgres", path, url);
    assertEquals([code, stdout], [0, `bets: ${2 * BETS}\n`]);
    await assertStored(database, files);
  }
  const verified = await run("verify:postgres", url);
  const counts = `bets: ${2 * BETS}\nagencies: 2\nfinished: 3\n`;
  assertMatch(
    verified.stdout,
    new RegExp(`^${counts}draw: \\d{4}-[^\n]+\n$`),
  );
  const exported = await run("export:postgres", url);
  assertEquals(
    exported.stdout,
    files.flatMap(({ agency, rows }) =>
      rows.map((row) => `${csvRow([`${agency}`, ...row])}\n`)
    ).join(""),
  );
  await database.query("UPDATE loteria SET version = 3");
  for (const task of ["verify:postgres", "export:postgres"]) {
    const { code, stderr } = await run(task, url);
    assertEquals(code, 1);
    assertMatch(stderr, /^\w+: Cannot use [^\n]* version 3, [^\n]*\n$/);
  }
});

function betOfRow(row: BetRow): Bet {
  const [firstName, lastName, document, birthdate, number] = row as [
    ...[string, string, string, string, string],
  ];
  return { firstName, lastName, document, birthdate, number };
}

function run(task: string, ...args: string[]): Promise<Ending> {
  return runWith({}, task, ...args);
}

async function runWith(
  env: Record<string, string>,
  task: string,
  ...args: string[]
): Promise<Ending> {
  await using program = startProgram(task, env, args);
  return await within(program.ending(), () => `${task} runs`, LIMIT_MS);
}
