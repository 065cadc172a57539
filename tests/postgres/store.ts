import { PostgresStore } from "../../postgres/postgres_store.ts";
import { testFault } from "../faults/plan.ts";
import { STORE_CASES } from "../support/store_cases.ts";
import { Cluster } from "./cluster.ts";

for (const { name, run } of STORE_CASES) {
  testFault(`PostgresStore ${name}`, async () => {
    await using cluster = await Cluster.start();
    await run((drawAgencies = 0) =>
      PostgresStore.open(cluster.urlOf(), { drawAgencies })
    );
  });
}
