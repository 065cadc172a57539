import { assertEquals } from "@std/assert";
import { COPY, Desk, FILE } from "../support/desk.ts";

/** Two rows, valid or not as their birthdate is. */
function rowsBornOn(birthdate: string): string {
  return `Ana,Paz,11111111,${birthdate},1234\nEva,Gil,22222222,${birthdate},7\n`;
}

Desk.test("send() finishes with a copy whose rows are all stored from its own copy", async (desk) => {
  await desk.store(FILE, rowsBornOn("1990-13-01"));
  const bad = rowsBornOn("1990-14-01");
  await desk.store(COPY, bad);
  const second = `${COPY}.rejected.csv`;
  const good = rowsBornOn("1990-12-01");
  const { stored } = await desk.store(second, good, { finish: "no" });
  assertEquals(stored, 2);
  assertEquals((await desk.store(COPY, bad)).isFinished, true);
  assertEquals(desk.bets, 2);
});
