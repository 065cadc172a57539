import { assert, assertEquals } from "@std/assert";
import type { PostgresStore } from "../../../postgres/postgres_store.ts";
import { BettingClosedError } from "../../../storage/mod.ts";
import { testFault as test, times } from "../../faults/plan.ts";
import { Cluster } from "../support/cluster.ts";
import { makeBatch, openStore } from "../support/made_store.ts";

const DRAWS = times(5, 200);
const AGENCIES = 40;
test("a draw among inserts through two centrals has every acknowledged bet, and none after it", async () => {
  await using database = await Cluster.start({ fsync: "off" });
  for (let draw = 0; draw < DRAWS; draw++) {
    await using one = await openStore(database.url, 2);
    await using other = await openStore(database.url, 2);
    await drawAmongInserts([one, other]);
    const changed = await database.query(
      `SELECT count(*) FROM agencies AS o WHERE bets_drawn <>
          (SELECT count(*) FROM bets AS b WHERE b.agency = o.agency)`,
    );
    assertEquals(changed, "0", `draw ${draw}`);
    await database.query("DROP TABLE bets, agencies, loteria");
  }
});

/** Agencies send until the central answers that the draw is held. */
async function drawAmongInserts(
  stores: readonly PostgresStore[],
): Promise<void> {
  const stored = new Map<number, number>();
  const sending = Array.from({ length: AGENCIES }, async (_, i) => {
    const agency = i + 1;
    const store = stores[i % stores.length]!;
    using writer = store.writer();
    for (let betIndex = 0;; betIndex += 10) {
      try {
        await writer.append(makeBatch(agency, betIndex));
        stored.set(agency, betIndex + 10);
      } catch (error) {
        assert(error instanceof BettingClosedError, String(error));
        return;
      }
    }
  });
  await Promise.all(stores.map((store, i) => store.finish(i + 1)));
  assert(stores.some(({ draw }) => draw.isHeld));
  await Promise.all(sending);
  for (const [agency, bets] of stored) {
    const winners = await stores[0]!.winners(agency);
    assertEquals(winners.length, bets / 10, `agency ${agency}`);
  }
}
