import { assertEquals } from "@std/assert";
import { FairScheduler } from "../../central/fair_scheduler.ts";
import "../support/watchdog.ts";
import { everyTurn } from "../support/deadline.ts";
import { replace } from "../support/replaced.ts";

const CROWD = { size: 1000 };

Deno.test("FairScheduler.isCrowded is true above 64 agencies", () => {
  const crowds = [0, 64, 65].map((size) => new FairScheduler({ size }));
  const areCrowded = crowds.map(({ isCrowded }) => isCrowded);
  assertEquals(areCrowded, [false, false, true]);
});

Deno.test("FairScheduler.waitForTurn() lets as many pass in each turn, in order", async () => {
  const scheduler = new FairScheduler(CROWD);
  const turns = await passAll(scheduler, 150);
  assertEquals(turns, turns.toSorted((a, b) => a - b));
  for (let turn = 0; turn < 4; turn++) {
    assertEquals(turns.filter((one) => one === turn).length, 24, `${turn}`);
  }
});

Deno.test("FairScheduler.waitForTurn() lets nobody overtake", async () => {
  const scheduler = new FairScheduler(CROWD);
  const passed: string[] = [];
  const first = Array.from({ length: 48 }, async () => {
    await scheduler.waitForTurn();
    passed.push("first");
  });
  await everyTurn();
  const second = Array.from({ length: 48 }, async () => {
    await scheduler.waitForTurn();
    passed.push("second");
  });
  await Promise.all([...first, ...second]);
  assertEquals(passed, passed.toSorted());
  await everyTurn();
});

Deno.test("FairScheduler.waitForPiece() lets 4 pass in each turn, and delays no one else", async () => {
  const scheduler = new FairScheduler({ size: 1 });
  const turns = await passAll(scheduler, 10, async () => {
    await scheduler.waitForPiece();
    await scheduler.waitForTurn();
  });
  assertEquals(turns, [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
});

/** For each of `count` calls: in which of the scheduler's turns it passed. */
async function passAll(
  scheduler: FairScheduler,
  count: number,
  wait = () => scheduler.waitForTurn(),
): Promise<number[]> {
  const { setTimeout } = globalThis;
  let turns = 0;
  const countTurn = (run: () => void) =>
    setTimeout(() => {
      turns++;
      run();
    });
  using _timers = replace(globalThis, { setTimeout: countTurn });
  const passed = await Promise.all(
    Array.from({ length: count }, async () => {
      await wait();
      return turns;
    }),
  );
  await everyTurn();
  return passed;
}
