import { assertEquals, assertRejects } from "@std/assert";
import { BettingClosedError } from "../../storage/mod.ts";
import { testFault as test } from "../faults/plan.ts";
import { FINGERPRINT } from "../support/batches.ts";
import { append, makeBatch, openStore } from "./support/made_store.ts";
import { freshDatabase } from "./support/shared_server.ts";

const ROW = "INSERT INTO agencies (agency) VALUES (1);";
const BETS = (count: number) =>
  `INSERT INTO bets SELECT 1, x'${FINGERPRINT}'::bigint, position, '-', '-', '0',
    '2000-01-01', 1 FROM generate_series(0, ${count - 1}) AS position;`;
const FINISHED = "UPDATE agencies SET finished_at = now();";
const HELD =
  "UPDATE agencies SET closed_at = now(); UPDATE loteria SET held_at = now();";

/** What others do with a new agency, and how many of ten bets they have stored. */
const OTHERS: readonly (readonly [string, string, number | "closed"])[] = [
  ["add its row", ROW, 0],
  ["let it finish", ROW + FINISHED, 0],
  ["store some of the bets", ROW + BETS(4), 4],
  ["store all bets", ROW + BETS(10), 10],
  ["hold the draw", ROW + HELD, "closed"],
  ["hold the draw without its row", HELD, "closed"],
  ["store some of the bets and hold the draw", ROW + BETS(4) + HELD, "closed"],
  ["store all bets and hold the draw", ROW + BETS(10) + HELD, 10],
];

for (const [what, statements, before] of OTHERS) {
  test(`a new agency's batch finds no row, then others ${what}`, async () => {
    const database = await freshDatabase();
    await using store = await openStore(database.url);
    // The insert sees nothing of this transaction, and does not wait for it. What
    // follows the insert waits.
    const others = await database.hold(
      `LOCK TABLE loteria IN ACCESS EXCLUSIVE MODE; ${statements}`,
    );
    const stored = append(store, makeBatch(1));
    await database.waitForLocks(1, stored);
    await others[Symbol.asyncDispose]();
    if (before === "closed") {
      await assertRejects(() => stored, BettingClosedError);
    } else {
      assertEquals(await stored, before);
      const bets = await database.query("SELECT count(*) FROM bets");
      assertEquals(bets, "10");
    }
  });
}
