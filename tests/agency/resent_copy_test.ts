import { assertEquals } from "@std/assert";
import { Desk } from "../support/desk.ts";

/** Two rows, valid or not as their birthdate is. */
function rowsBornOn(birthdate: string): string {
  return `Ana,Paz,11111111,${birthdate},1234\nEva,Gil,22222222,${birthdate},7\n`;
}

Desk.test("send() finishes with a copy whose rows are all stored from its own copy", async (desk) => {
  await desk.store("a.csv", rowsBornOn("1990-13-01"));
  const copy = "a.csv.rejected.csv";
  const bad = rowsBornOn("1990-14-01");
  await desk.store(copy, bad);
  const second = `${copy}.rejected.csv`;
  const good = rowsBornOn("1990-12-01");
  const { stored } = await desk.store(second, good, { finish: "no" });
  assertEquals(stored, 2);
  assertEquals((await desk.store(copy, bad)).isFinished, true);
  assertEquals(desk.bets, 2);
});
