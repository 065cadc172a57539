import { assertEquals, assertMatch } from "@std/assert";
import { type MadeFile, makeFile, randomRows } from "../support/made_bets.ts";
import { testFault } from "../faults/plan.ts";
import { runAgency } from "../faults/sending_agency.ts";
import { CrashingCentral } from "../faults/crashing_central.ts";
import { type Ending, startProgram } from "../support/programs.ts";
import { csvRow } from "../support/rows.ts";
import { Cluster } from "./cluster.ts";
import { assertStored } from "./database_central.ts";
import { append, makeBatch, openStore } from "./made_store.ts";

const BETS = 400;

/** More than are imported at once. */
const BATCHES = 450;

testFault(
  "an import of many batches keeps each agency's bets apart",
  async ({ dir, random }) => {
    await using cluster = await Cluster.start();
    const path = `${dir}/bets.csv`;
    await using central = await CrashingCentral.start(path);
    const files = await Promise.all(
      [1, 2, 3].map((agency) =>
        makeFile(`${dir}/${agency}.csv`, agency, randomRows(random, BATCHES))
      ),
    );
    await Promise.all(files.map((file) =>
      runAgency(file, central.port, {
        CLI_BATCH_MAXAMOUNT: "2",
        CLI_BATCH_WINDOW: "8",
      })
    ));
    await central.stop();
    await run("import:postgres", path, cluster.urlOf());
    await assertStored(cluster, files);
  },
);

testFault(
  "verify() finds gaps, and bets that came after the draw",
  async () => {
    await using cluster = await Cluster.start();
    const url = cluster.urlOf();
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
    await cluster.query(
      `INSERT INTO bets SELECT agency, source, 99, first_name, last_name, document,
      birthdate, number FROM bets LIMIT 1`,
    );
    const late = await runWith(env, "verify:postgres");
    assertEquals(late.code, 1);
    assertEquals(
      late.stderr,
      "verify: agency 1 had 10 bets at the draw, and has 11 now\n",
    );
    await cluster.query(
      `INSERT INTO bets SELECT 9, source + n, 1, first_name, last_name, document,
      birthdate, number FROM bets, generate_series(1, 25) AS n WHERE position = 5`,
    );
    await cluster.query("UPDATE agencies SET closed_at = NULL");
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
    await cluster.query("ALTER TABLE bets DROP CONSTRAINT bets_pkey");
    const unfit = await runWith(env, "verify:postgres");
    assertEquals(unfit.code, 1);
    assertMatch(
      unfit.stderr,
      /^verify: Cannot use [^\n]*no primary key[^\n]*\n$/,
    );
  },
);

testFault(
  "an export of many bets has each once, in the order of their files",
  async () => {
    await using cluster = await Cluster.start();
    const url = cluster.urlOf();
    {
      await using store = await openStore(url);
      await append(store, makeBatch(1));
    }
    await cluster.query(
      `INSERT INTO bets SELECT agency, source, position + 10 * n, 'Ana, "la"',
      'Gil', n, '0001-02-03', n FROM bets, generate_series(1, 500) AS n`,
    );
    const { stdout, code } = await run("export:postgres", url);
    const lines = stdout.split("\n").slice(10, -1);
    const expected = Array.from({ length: 500 }, (_, i) =>
      Array(10).fill(
        `1,"Ana, ""la""",Gil,${1 + i},0001-02-03,${1 + i}`,
      )).flat();
    assertEquals([code, lines.length], [0, 5000]);
    assertEquals(lines, expected);
  },
);

testFault(
  "a file store is imported, exported and verified",
  async ({ dir, random }) => {
    await using cluster = await Cluster.start();
    const url = cluster.urlOf();
    const files: MadeFile[] = [];
    const path = `${dir}/bets.csv`;
    await using central = await CrashingCentral.start(path, {
      SERVER_DRAW_AGENCIES: "2",
    });
    for (const agency of [1, 2]) {
      const rows = randomRows(random, BETS);
      files.push(await makeFile(`${dir}/${agency}.csv`, agency, rows));
      await runAgency(files.at(-1)!, central.port, {
        CLI_BATCH_MAXAMOUNT: "7",
      });
    }
    await central.stop();
    for (let time = 1; time <= 2; time++) {
      const { code, stdout } = await run("import:postgres", path, url);
      assertEquals({ code, stdout }, {
        code: 0,
        stdout: `bets: ${2 * BETS}\n`,
      });
      await assertStored(cluster, files);
    }
    const verified = await run("verify:postgres", url);
    const counts = `bets: ${2 * BETS}\nagencies: 2\nfinished: 2\n`;
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
    await cluster.query("UPDATE loteria SET version = 3");
    for (const task of ["verify:postgres", "export:postgres"]) {
      const { code, stderr } = await run(task, url);
      assertEquals(code, 1);
      assertMatch(stderr, /^\w+: Cannot use [^\n]* version 3, [^\n]*\n$/);
    }
  },
);

function run(task: string, ...args: string[]): Promise<Ending> {
  return runWith({}, task, ...args);
}

async function runWith(
  env: Record<string, string>,
  task: string,
  ...args: string[]
): Promise<Ending> {
  await using program = startProgram(task, env, args);
  return await program.ending();
}
