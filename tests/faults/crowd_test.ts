import { assertGreaterOrEqual } from "@std/assert";
import { loadCentral } from "../../bench/load/prepared.ts";
import { testFault as test, times } from "./plan.ts";

const AGENCIES = times(100, 2_000);
/** Bets of each agency: 20 batches. */
const BETS = 3_000;
/**
 * The part of the mean that each agency must have when half of all batches are
 * served. Of agencies served one after the other, half would have nothing then.
 */
const LEAST_SERVED = 0.5;

test("a crowd of agencies is served evenly", async ({ dir }) => {
  // It checks every bet of every agency too.
  const load = { connections: AGENCIES, window: 1, bets: BETS };
  const { leastServed } = await loadCentral(load, dir);
  assertGreaterOrEqual(leastServed!, LEAST_SERVED);
});
