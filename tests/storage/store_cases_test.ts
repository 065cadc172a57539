import { FileStore } from "../../storage/mod.ts";
import { testInFolder } from "../support/folder.ts";
import { STORE_CASES } from "../support/store_cases.ts";

for (const [name, run] of Object.entries(STORE_CASES)) {
  testInFolder(`FileStore ${name}`, async (dir) => {
    await run((drawAgencies = 0) =>
      FileStore.open(`${dir}/bets.csv`, { fsync: false, drawAgencies })
    );
  });
}
