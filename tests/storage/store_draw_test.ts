import { assert, assertEquals } from "@std/assert";
import { FileStore } from "../../storage.ts";
import { testInFolder } from "../support/folder.ts";

const AGENCIES = 1_000;

testInFolder(
  "FileStore.holdDraw() checks each agency a few times, for any number of them",
  async (dir) => {
    const store = await FileStore.open(`${dir}/bets.csv`, { fsync: false });
    try {
      assertEquals(store.startDraw(AGENCIES), false);
      let lookups = 0;
      const { finished } = store;
      const has = finished.has.bind(finished);
      finished.has = (agency) => {
        lookups++;
        return has(agency);
      };
      for (let agency = 1; agency <= AGENCIES; agency++) {
        await store.finish(agency);
        assertEquals(await store.holdDraw(AGENCIES), agency === AGENCIES);
      }
      assert(lookups < 5 * AGENCIES, `${lookups} look-ups`);
    } finally {
      await store.close();
    }
  },
);
