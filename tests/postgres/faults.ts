import { assertEquals } from "@std/assert";
import { sleep, testFault, times } from "../faults/plan.ts";
import { RecordingAgency } from "../faults/recording_agency.ts";
import type { Chance } from "../support/seeded.ts";
import { Cluster } from "./cluster.ts";
import { assertStored, startOn } from "./database_central.ts";

const AGENCIES = [1, 2, 3, 4, 5];
const CRASHES = times(4, 50);
const SERVER_CRASHES = times(2, 20);
const CUTS = times(6, 100);
/** Milliseconds between two faults at most. */
const MAX_PAUSE = 400;
const OKS_AFTER = 20;

testFault(
  "no OK is lost whatever is killed: centrals, the database, connections",
  async ({ random }) => {
    await using cluster = await Cluster.start();
    await using one = await startOn(cluster.urlOf());
    await using other = await startOn(cluster.urlOf());
    const agencies = makeAgencies([one.port, other.port], random);
    const running = Promise.all(agencies.map((agency) => agency.run()));
    const faults = [
      ...Array(CRASHES).fill(one),
      ...Array(CRASHES).fill(other),
      ...Array(SERVER_CRASHES).fill("crash"),
      ...Array(CUTS).fill("cut"),
    ];
    while (faults.length > 0) {
      await sleep(random.between(0, MAX_PAUSE));
      const [fault] = faults.splice(random.below(faults.length), 1);
      if (fault === "crash") await cluster.crash();
      else if (fault === "cut") await cluster.cutConnections();
      else {
        await fault.crash();
        await fault.restart();
      }
    }
    // Everyone gets through again.
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

testFault(
  "no OK is lost when the primary dies and the standby takes over",
  async ({ random }) => {
    await using primary = await Cluster.start();
    await using standby = await primary.startStandby();
    const hosts = `127.0.0.1:${primary.port},127.0.0.1:${standby.port}`;
    const url = primary.urlOf().replace(/@[^/]*/, `@${hosts}`);
    await using one = await startOn(url);
    await using other = await startOn(url);
    const agencies = makeAgencies([one.port, other.port], random);
    const running = Promise.all(agencies.map((agency) => agency.run()));
    await Promise.all(agencies.map((agency) => agency.moreOks(OKS_AFTER)));
    await sleep(random.between(0, MAX_PAUSE));
    await primary.kill();
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

/** Agencies that take turns with the centrals. */
function makeAgencies(
  ports: readonly number[],
  random: Chance,
): RecordingAgency[] {
  return AGENCIES.map((agency) =>
    new RecordingAgency({
      agency,
      port: ports[agency % ports.length]!,
      random: random.fork(),
    })
  );
}
