import { makeFile, randomRows } from "../../support/made_bets.ts";
import { testFault as test } from "../../faults/plan.ts";
import { runAgency } from "../../faults/sending_agency.ts";
import { SmallDisk } from "../../faults/small_disk.ts";
import { Cluster } from "../support/cluster.ts";
import { assertStored, startOn } from "../support/database_central.ts";

const BETS = 20_000;
/** Size of the database's disk in KiB: too small, then large enough. */
const SMALL_SIZE = 1_024;
const LARGE_SIZE = 65_536;

test(
  "a full disk of the database refuses bets until there is space",
  async ({ dir, random }) => {
    const place = await Deno.makeTempDir({ prefix: "loteria-disk-" });
    await Deno.chmod(place, 0o755);
    await using cleanUp = new AsyncDisposableStack();
    cleanUp.defer(() => Deno.remove(place, { recursive: true }));
    await using disk = await SmallDisk.mount(`${place}/small`, SMALL_SIZE);
    await using cluster = await Cluster.start();
    await using central = await startOn(cluster.url);
    await cluster.moveBets(`${place}/small`);
    const rows = randomRows(random, BETS);
    const file = await makeFile(`${dir}/1.csv`, 1, rows);
    const sending = runAgency(file, central.port);
    await central.program.line(/error: STORAGE \| reason: .*No space left/);
    await disk.resize(LARGE_SIZE);
    await sending;
    await assertStored(cluster, [file]);
    await central.stop();
  },
  {
    ignored: SmallDisk.problem,
  },
);
