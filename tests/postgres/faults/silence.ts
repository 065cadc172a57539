import { makeFile, randomRows } from "../../support/made_bets.ts";
import { testFault as test } from "../../faults/plan.ts";
import { runAgency } from "../../faults/sending_agency.ts";
import { Cluster } from "../support/cluster.ts";
import {
  assertStored,
  SHORT_TIMEOUT,
  startOn,
} from "../support/database_central.ts";

const BETS = 1_000;
/** A full statement takes longer than the short time limit. */
const SECONDS_PER_BET = 0.001;

test("a database that blocks a commit makes agencies wait, but a central can stop", async ({ dir, random }) => {
  await using cluster = await Cluster.start();
  await using central = await startOn(`${cluster.url}${SHORT_TIMEOUT}`);
  const file = await makeFile(`${dir}/1.csv`, 1, randomRows(random, BETS));
  const lock = await cluster.hold("LOCK TABLE bets");
  const sending = runAgency(file, central.port);
  await central.program.line(/error: STORAGE \| reason: .*statement timeout/);
  // The agency is sending again by now.
  await central.stop();
  await lock[Symbol.asyncDispose]();
  await central.restart();
  await sending;
  await assertStored(cluster, [file]);
  await central.stop();
});

test("a slow database slows agencies down and drops none", async ({ dir, random }) => {
  await using cluster = await Cluster.start();
  await using central = await startOn(`${cluster.url}${SHORT_TIMEOUT}`);
  await cluster.query(`
      CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep(${SECONDS_PER_BET}); RETURN NEW; END';
      CREATE TRIGGER slow AFTER INSERT ON bets
        FOR EACH ROW EXECUTE FUNCTION wait()`);
  const files = await Promise.all(
    [1, 2, 3].map((agency) =>
      makeFile(`${dir}/${agency}.csv`, agency, randomRows(random, BETS))
    ),
  );
  // They give up after ten attempts without an OK.
  await Promise.all(
    files.map((file) =>
      runAgency(file, central.port, {
        CLI_BATCH_MAXAMOUNT: "50",
        CLI_BATCH_WINDOW: "16",
      })
    ),
  );
  await assertStored(cluster, files);
  await central.stop();
});
