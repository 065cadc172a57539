import { assertEquals, assertMatch } from "@std/assert";
import { type MadeFile, makeFile, randomRows } from "../faults/made_bets.ts";
import { testFault } from "../faults/plan.ts";
import { runAgency } from "../faults/sending_agency.ts";
import { CrashingCentral } from "../faults/crashing_central.ts";
import { type Ending, startProgram } from "../support/programs.ts";
import { csvRow } from "../support/rows.ts";
import { Cluster } from "./cluster.ts";
import { assertStored } from "./database_central.ts";

const BETS = 400;

testFault(
  "a file store is imported, exported and verified",
  async ({ dir, random }) => {
    await using cluster = await Cluster.start();
    const url = cluster.urlOf();
    const files: MadeFile[] = [];
    const path = `${dir}/bets.csv`;
    await using central = await CrashingCentral.start(path);
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
    assertEquals(
      verified.stdout,
      `bets: ${2 * BETS}\nagencies: 2\nfinished: 2\ndraw: not held\n`,
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

async function run(task: string, ...args: string[]): Promise<Ending> {
  await using program = startProgram(task, {}, args);
  return await program.ending();
}
