import { assert, assertEquals } from "@std/assert";
import { FileStore } from "../../storage/mod.ts";
import { testInFolder } from "../support/folder.ts";

const AGENCIES = 1_000;

testInFolder(
  "FileStore.finish() checks each agency a few times, for any number of them",
  async (dir) => {
    const store = await FileStore.open(`${dir}/bets.csv`, {
      fsync: false,
      drawAgencies: AGENCIES,
    });
    try {
      let lookups = 0;
      const finished = store.stats.finished as Set<number>;
      const has = finished.has.bind(finished);
      finished.has = (agency) => {
        lookups++;
        return has(agency);
      };
      for (let agency = 1; agency <= AGENCIES; agency++) {
        await store.finish(agency);
        assertEquals(store.draw.isHeld, agency === AGENCIES);
      }
      assert(lookups < 10 * AGENCIES, `${lookups} look-ups`);
    } finally {
      await store.close();
    }
  },
);
