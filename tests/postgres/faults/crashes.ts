import { assertEquals } from "@std/assert";
import { testFault, times } from "../../faults/plan.ts";
import { delay } from "../../support/deadline.ts";
import { Cluster } from "../support/cluster.ts";
import {
  assertStored,
  makeAgencies,
  MAX_PAUSE_MS,
  OKS_AFTER,
  SHORT_TIMEOUT,
  startOn,
} from "../support/database_central.ts";

const CRASHES = times(4, 50);
const SERVER_CRASHES = times(2, 20);
const CUTS = times(6, 100);

testFault(
  "no acknowledged bet is lost if centrals, the database or connections are killed",
  async ({ random }) => {
    await using cluster = await Cluster.start();
    await using one = await startOn(cluster.url);
    await using other = await startOn(cluster.url);
    const agencies = makeAgencies([one.port, other.port], random);
    const running = Promise.all(agencies.map((agency) => agency.run()));
    const faults = [
      ...Array(CRASHES).fill(one),
      ...Array(CRASHES).fill(other),
      ...Array(SERVER_CRASHES).fill("crash"),
      ...Array(CUTS).fill("cut"),
    ];
    while (faults.length > 0) {
      await delay(random.between(0, MAX_PAUSE_MS));
      const [fault] = faults.splice(random.below(faults.length), 1);
      if (fault === "crash") await cluster.crash();
      else if (fault === "cut") await cluster.cutConnections();
      else {
        await fault.crash();
        await fault.restart();
      }
    }
    // Every agency works again.
    await Promise.all(agencies.map((agency) => agency.moreOks(OKS_AFTER)));
    for (const agency of agencies) agency.finish();
    await running;
    await assertStored(
      cluster,
      agencies.map(({ acknowledged }) => acknowledged),
    );
    await one.stop();
    await other.stop();
  },
);

testFailover("dies", (primary) => primary.kill());
testFailover("falls silent", (primary) => primary.silence());

/** Registers a test in which a standby takes over from the primary. */
function testFailover(
  what: string,
  end: (primary: Cluster) => Promise<void>,
): void {
  testFault(
    `no OK is lost when the primary ${what} and the standby takes over`,
    async ({ random }) => {
      await using primary = await Cluster.start();
      await using standby = await primary.startStandby();
      const url = `${primary.urlOfBoth(standby)}${SHORT_TIMEOUT}`;
      await using one = await startOn(url);
      await using other = await startOn(url);
      const agencies = makeAgencies([one.port, other.port], random);
      const running = Promise.all(agencies.map((agency) => agency.run()));
      await Promise.all(agencies.map((agency) => agency.moreOks(OKS_AFTER)));
      await delay(random.between(0, MAX_PAUSE_MS));
      await end(primary);
      await standby.promote();
      await Promise.all(agencies.map((agency) => agency.moreOks(OKS_AFTER)));
      for (const agency of agencies) agency.finish();
      await running;
      await assertStored(
        standby,
        agencies.map(({ acknowledged }) => acknowledged),
      );
      const primaries = await standby.query("SELECT pg_is_in_recovery()");
      assertEquals(primaries, "f", "the standby is the primary now");
    },
  );
}
