import { PostgresStore } from "../../postgres/postgres_store.ts";
import { testFault } from "../faults/plan.ts";
import { STORE_CASES } from "../support/store_cases.ts";
import { Cluster } from "./cluster.ts";

testFault("PostgresStore keeps the contract of a store", async () => {
  await using cluster = await Cluster.start();
  for (const { name, run } of STORE_CASES) {
    const url = await cluster.createDatabase();
    try {
      await run((drawAgencies = 0) =>
        PostgresStore.open(url, { drawAgencies })
      );
    } catch (cause) {
      throw new Error(`PostgresStore ${name}: ${cause}`, { cause });
    }
  }
});
