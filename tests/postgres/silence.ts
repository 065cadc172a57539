import { makeFile, randomRows } from "../faults/made_bets.ts";
import { sleep, testFault } from "../faults/plan.ts";
import { runAgency } from "../faults/sending_agency.ts";
import { Cluster } from "./cluster.ts";
import {
  assertStored,
  makeAgencies,
  MAX_PAUSE_MS,
  OKS_AFTER,
  startOn,
} from "./database_central.ts";

const BETS = 2_000;

testFault(
  "a database that holds up a commit makes agencies wait, and no central's end",
  async ({ dir, random }) => {
    await using cluster = await Cluster.start();
    await using central = await startOn(cluster.urlOf());
    const file = await makeFile(`${dir}/1.csv`, 1, randomRows(random, BETS));
    const lock = await cluster.lock("bets");
    const sending = runAgency(file, central.port);
    await central.program.line(/error: STORAGE \| motivo: .*no answer/);
    // The agency is sending again by now.
    await central.stop();
    await lock[Symbol.asyncDispose]();
    await central.restart();
    await sending;
    await assertStored(cluster, [file]);
    await central.stop();
  },
);

testFault(
  "no OK is lost when the primary's machine falls silent",
  async ({ random }) => {
    await using primary = await Cluster.start();
    await using standby = await primary.startStandby();
    const url = primary.urlOfBoth(standby);
    await using one = await startOn(url);
    await using other = await startOn(url);
    const agencies = makeAgencies([one.port, other.port], random);
    const running = Promise.all(agencies.map((agency) => agency.run()));
    await Promise.all(agencies.map((agency) => agency.moreOks(OKS_AFTER)));
    await sleep(random.between(0, MAX_PAUSE_MS));
    await using _silence = await primary.silence();
    await standby.promote();
    await Promise.all(agencies.map((agency) => agency.moreOks(OKS_AFTER)));
    for (const agency of agencies) agency.finish();
    await running;
    await assertStored(
      standby,
      agencies.map(({ acknowledged }) => acknowledged),
    );
    await one.stop();
    await other.stop();
  },
);
