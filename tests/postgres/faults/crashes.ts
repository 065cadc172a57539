import { assertEquals } from "@std/assert";
import { testFault as test, times } from "../../faults/plan.ts";
import { delay } from "../../support/deadline.ts";
import { Cluster } from "../support/cluster.ts";
import {
  MAX_PAUSE_MS,
  runThrough,
  SHORT_TIMEOUT,
  startOn,
} from "../support/database_central.ts";

const CRASHES = times(4, 50);
const SERVER_CRASHES = times(2, 20);
const CUTS = times(6, 100);

test("centrals lose no acknowledged bet when they, the database or connections are killed", async ({ random }) => {
  await using cluster = await Cluster.start();
  await using one = await startOn(cluster.url);
  await using other = await startOn(cluster.url);
  const faults = [
    ...Array(CRASHES).fill(one),
    ...Array(CRASHES).fill(other),
    ...Array(SERVER_CRASHES).fill("crash"),
    ...Array(CUTS).fill("cut"),
  ];
  await runThrough([one.port, other.port], random, async () => {
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
    return cluster;
  });
  await one.stop();
  await other.stop();
});

testFailover("dies", (primary) => primary.kill());
testFailover("falls silent", (primary) => primary.silence());

/** Registers a test in which a standby takes over from the primary. */
function testFailover(
  what: string,
  end: (primary: Cluster) => Promise<void>,
): void {
  test(`centrals lose no acknowledged bet when the primary ${what} and the standby takes over`, async ({ random }) => {
    await using primary = await Cluster.start();
    await using standby = await primary.startStandby();
    const url = `${primary.urlOfBoth(standby)}${SHORT_TIMEOUT}`;
    await using one = await startOn(url);
    await using other = await startOn(url);
    await runThrough([one.port, other.port], random, async (work) => {
      await work();
      await delay(random.between(0, MAX_PAUSE_MS));
      await end(primary);
      await standby.promote();
      return standby;
    });
    const primaries = await standby.query("SELECT pg_is_in_recovery()");
    assertEquals(primaries, "f", "the standby is the primary now");
  });
}
